"""Samples of the machine and of the training process, taken from outside it.

Names (shown in the UI as system/<name>; percentages 0-100, sizes in MB = 10^6 bytes unless said):

    cpu                        % of all cores in use            cpu.<n>   the same of core n
    memory_percent, memory_used_mb                              the machine
    process.cpu                % of ONE core, the training process and its children together
    process.memory_mb, process.memory_percent                   their resident memory
    process.threads, process.count                              their threads, how many processes they are
    disk.percent, disk.used_gb                                  the file system of the working directory
    disk.read_mb, disk.written_mb                               the machine's disks, since the run began
    network.sent_mb, network.received_mb                        the machine's network, since the run began
    gpu.<n>.percent, gpu.<n>.memory_percent, gpu.<n>.memory_used_mb, gpu.<n>.celsius, gpu.<n>.watts
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

MB = 1e6
CORES_SHOWN_LIMIT = 64
NVIDIA_QUERY = "index,utilization.gpu,memory.used,memory.total,temperature.gpu,power.draw"
NVIDIA_PATIENCE_SECS = 5.0
_MIB_IN_MB = 1.048576


class MachineSampler:
    """Takes samples; counters (disk, network) count from the construction on."""

    def __init__(self, pid: int, directory: Path) -> None:
        self._directory = directory
        self._trainer = _process(pid)
        self._processes: dict[int, psutil.Process] = {}
        self._disk_from = _or_none(psutil.disk_io_counters)
        self._network_from = _or_none(psutil.net_io_counters)
        self._read_gpus = _gpu_reader()
        psutil.cpu_percent(percpu=True)  # psutil measures between two calls; this is the first
        self._refresh_processes()

    def sample(self) -> dict[str, float]:
        """One sample. What this machine does not tell is left out."""
        found = self._machine()
        found.update(self._process_tree())
        found.update(self._counters())
        found.update(self._read_gpus())
        return found

    def _machine(self) -> dict[str, float]:
        cores = psutil.cpu_percent(percpu=True)
        memory = psutil.virtual_memory()
        found = {
            "cpu": sum(cores) / max(len(cores), 1),
            "memory_percent": float(memory.percent),
            "memory_used_mb": (memory.total - memory.available) / MB,
        }
        if 1 < len(cores) <= CORES_SHOWN_LIMIT:
            found.update({f"cpu.{number}": float(busy) for number, busy in enumerate(cores)})
        try:
            disk = psutil.disk_usage(str(self._directory))
        except OSError:
            return found
        found["disk.percent"] = float(disk.percent)
        found["disk.used_gb"] = disk.used / 1e9
        return found

    def _process_tree(self) -> dict[str, float]:
        self._refresh_processes()
        cpu = memory_bytes = threads = 0.0
        for pid, process in list(self._processes.items()):
            try:
                with process.oneshot():
                    cpu += process.cpu_percent()
                    memory_bytes += process.memory_info().rss
                    threads += process.num_threads()
            except psutil.Error:
                del self._processes[pid]
        if not self._processes:
            return {}
        return {
            "process.cpu": cpu,
            "process.memory_mb": memory_bytes / MB,
            "process.memory_percent": 100.0 * memory_bytes / psutil.virtual_memory().total,
            "process.threads": threads,
            "process.count": float(len(self._processes)),
        }

    def _refresh_processes(self) -> None:
        """Keep one Process object per live process: psutil measures CPU between calls on the same one."""
        if self._trainer is None:
            return
        try:
            members = [self._trainer, *self._trainer.children(recursive=True)]
        except psutil.Error:
            self._processes = {}
            return
        sidecars = set() if self._trainer.pid == os.getpid() else _own_family()
        known, self._processes = self._processes, {}
        for member in members:
            if member.pid in sidecars:
                continue
            kept = known.get(member.pid)
            if kept is None or kept != member:  # a process id may have been given to another process
                kept = member
                try:
                    kept.cpu_percent()
                except psutil.Error:
                    continue
            self._processes[member.pid] = kept

    def _counters(self) -> dict[str, float]:
        found: dict[str, float] = {}
        disk = _or_none(psutil.disk_io_counters)
        if disk is not None and self._disk_from is not None:
            found["disk.read_mb"] = (disk.read_bytes - self._disk_from.read_bytes) / MB
            found["disk.written_mb"] = (disk.write_bytes - self._disk_from.write_bytes) / MB
        network = _or_none(psutil.net_io_counters)
        if network is not None and self._network_from is not None:
            found["network.sent_mb"] = (network.bytes_sent - self._network_from.bytes_sent) / MB
            found["network.received_mb"] = (network.bytes_recv - self._network_from.bytes_recv) / MB
        return found


def gpu_names() -> list[str]:
    """The names of this machine's GPUs, as nvidia-smi or the Linux kernel tells them; else []."""
    lines = _nvidia_smi("name")
    if lines:
        return [line.strip() for line in lines]
    return [f"AMD {card.name}" for card in _amd_cards()]


def _gpu_reader() -> Callable[[], dict[str, float]]:
    if _nvidia_smi("index"):
        return _read_nvidia
    cards = _amd_cards()
    return (lambda: _read_amd(cards)) if cards else dict


def _nvidia_smi(query: str) -> list[str]:
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    try:
        answer = subprocess.run(
            [program, f"--query-gpu={query}", "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            timeout=NVIDIA_PATIENCE_SECS,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return answer.stdout.splitlines() if answer.returncode == 0 else []


def _read_nvidia() -> dict[str, float]:
    return numbers_from_nvidia(_nvidia_smi(NVIDIA_QUERY))


def numbers_from_nvidia(lines: list[str]) -> dict[str, float]:
    """Samples from the CSV lines of `nvidia-smi --query-gpu=NVIDIA_QUERY`; "[N/A]" fields are left out."""
    found: dict[str, float] = {}
    for line in lines:
        fields = [_number(field) for field in line.split(",")]
        if len(fields) != 6 or fields[0] is None:
            continue
        index, busy, used_mib, total_mib, celsius, watts = fields
        values = {
            "percent": busy,
            "memory_percent": 100.0 * used_mib / total_mib if used_mib is not None and total_mib else None,
            "memory_used_mb": used_mib * _MIB_IN_MB if used_mib is not None else None,
            "celsius": celsius,
            "watts": watts,
        }
        found.update(
            {f"gpu.{index:.0f}.{name}": value for name, value in values.items() if value is not None}
        )
    return found


def _amd_cards() -> list[Path]:
    return sorted(path.parent for path in Path("/sys/class/drm").glob("card*/device/gpu_busy_percent"))


def _read_amd(cards: list[Path]) -> dict[str, float]:
    found: dict[str, float] = {}
    for index, card in enumerate(cards):
        busy = _number_in(card / "gpu_busy_percent")
        used = _number_in(card / "mem_info_vram_used")
        total = _number_in(card / "mem_info_vram_total")
        if busy is not None:
            found[f"gpu.{index}.percent"] = busy
        if used is not None and total:
            found[f"gpu.{index}.memory_percent"] = 100.0 * used / total
            found[f"gpu.{index}.memory_used_mb"] = used / MB
        for sensor in sorted(card.glob("hwmon/hwmon*")):
            milli_celsius = _number_in(sensor / "temp1_input")
            micro_watts = _number_in(sensor / "power1_average")
            if milli_celsius is not None:
                found[f"gpu.{index}.celsius"] = milli_celsius / 1e3
            if micro_watts is not None:
                found[f"gpu.{index}.watts"] = micro_watts / 1e6
    return found


def _number_in(path: Path) -> float | None:
    try:
        return _number(path.read_text())
    except OSError:
        return None


def _number(text: str) -> float | None:
    try:
        return float(text.strip())
    except ValueError:
        return None


def _process(pid: int) -> psutil.Process | None:
    try:
        return psutil.Process(pid)
    except psutil.Error:
        return None


def _own_family() -> set[int]:
    """This sidecar and what it started: not the user's load."""
    own = psutil.Process()
    try:
        return {own.pid, *(child.pid for child in own.children(recursive=True))}
    except psutil.Error:
        return {own.pid}


def _or_none(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except (OSError, RuntimeError, psutil.Error):  # no such counters in this container
        return None
