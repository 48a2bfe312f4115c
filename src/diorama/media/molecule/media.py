"""Molecules and crystals."""

from __future__ import annotations

import importlib.util
import os
from typing import Any

from diorama.errors import UsageError
from diorama.media.core.base import Media, Snapshot
from diorama.media.core.keep import Kept, keep
from diorama.media.core.user_file import KeptFile, keep_file, keep_stream, rewound
from diorama.media.molecule.record import FILE_TYPES, RDKIT_TYPES
from diorama.model import clean_text


class Molecule(Media):
    """A molecule, a protein, a crystal, or docking poses, to be turned in three dimensions.

    Accepts: `data_or_path`, the path of a pdb, pqr, mmcif, mcif, cif, sdf, sd, gro, mol2 or mmtf file (text
    or `pathlib.Path`), or an open file, which needs `file_type` unless its name says it; or an
    `rdkit.Chem.rdchem.Mol`. Files are kept byte for byte. `caption` and `sample_id`: text.
    `Molecule.from_smiles` takes SMILES, `Molecule.from_rdkit` a Mol, a mol or an sdf file.

    Raises: ValueError for another type of file, an empty one, a folder, an open file of unknown type;
    FileNotFoundError; ValueError for SMILES that can't be parsed.

    >>> import io
    >>> Molecule(io.StringIO("HEADER    NOTHING YET"), file_type="pdb", caption="to be folded").format
    'pdb'
    """

    KIND = "molecule"
    SUPPORTED_TYPES = frozenset(FILE_TYPES)
    SUPPORTED_RDKIT_TYPES = frozenset(RDKIT_TYPES)

    def __init__(
        self,
        data_or_path: Any,
        caption: str | None = None,
        *,
        file_type: str | None = None,
        sample_id: str | None = None,
    ) -> None:
        if _is_mol(data_or_path):
            self._take_mol(data_or_path, True, 200)
        else:
            source, suffix = _opened(data_or_path, file_type)
            if suffix not in FILE_TYPES:
                raise ValueError(_wrong_type(data_or_path, suffix))
            self._header: dict[str, Any] = {"form": "file", "format": suffix, "name": source.name or None}
            self._kept: Kept = source.kept
        self._name_it(caption, sample_id)

    @classmethod
    def from_rdkit(
        cls,
        data_or_path: Any,
        caption: str | None = None,
        convert_to_3d_and_optimize: bool = True,
        mmff_optimize_molecule_max_iterations: int = 200,
        *,
        sample_id: str | None = None,
    ) -> Molecule:
        """A molecule of an `rdkit.Chem.rdchem.Mol`, or of a mol or sdf file (its first molecule), by path.

        convert_to_3d_and_optimize: add hydrogens, find a shape in three dimensions and relax it (MMFF),
        unless it has one already. That happens later, in another process. False: its own coordinates, or a
        flat drawing. Raises TypeError for other objects, ValueError for other files.
        """
        molecule = cls.__new__(cls)
        iterations = mmff_optimize_molecule_max_iterations
        if _is_mol(data_or_path):
            molecule._take_mol(data_or_path, convert_to_3d_and_optimize, iterations)
        elif isinstance(data_or_path, (str, os.PathLike)):
            suffix = _suffix_of(os.fspath(data_or_path))
            if suffix not in RDKIT_TYPES:
                raise ValueError(
                    f"Molecule.from_rdkit only supports files of the type: {', '.join(RDKIT_TYPES)}; "
                    f"this is {os.fspath(data_or_path)!r}"
                )
            source = keep_file(data_or_path, subject="the molecule file")
            molecule._kept = source.kept
            molecule._header = _made_header(suffix, convert_to_3d_and_optimize, iterations)
            molecule._header["name"] = source.name
        else:
            given = type(data_or_path).__name__
            raise TypeError(f"Data must be file name or an rdkit.Chem.rdchem.Mol object, not {given}")
        molecule._name_it(caption, sample_id)
        return molecule

    @classmethod
    def from_smiles(
        cls,
        data: str,
        caption: str | None = None,
        sanitize: bool = True,
        convert_to_3d_and_optimize: bool = True,
        mmff_optimize_molecule_max_iterations: int = 200,
        *,
        sample_id: str | None = None,
    ) -> Molecule:
        """A molecule of SMILES, which must be parsable: ValueError else.

        sanitize: it must be chemically sensible too. The rest as for `from_rdkit`. Needs rdkit:
        `pip install "diorama[media]"`.
        """
        if not isinstance(data, str):
            raise TypeError(f"SMILES are text, not {type(data).__name__}")
        if importlib.util.find_spec("rdkit") is None:
            raise UsageError("SMILES need rdkit", hint='pip install "diorama[media]"')
        from rdkit import Chem, rdBase

        with rdBase.BlockLogs():
            parsed = Chem.MolFromSmiles(clean_text(data), sanitize=sanitize)
        if parsed is None or not parsed.GetNumAtoms() or "\0" in data:
            raise ValueError(f"Unable to parse the SMILES string. It is {data[:200]!r}")
        molecule = cls.__new__(cls)
        molecule._kept = keep(clean_text(data).encode("utf-8"))
        molecule._header = _made_header(
            "smiles", convert_to_3d_and_optimize, mmff_optimize_molecule_max_iterations, sanitize=sanitize
        )
        molecule._name_it(caption, sample_id)
        return molecule

    def _take_mol(self, mol: Any, is_converted: bool, iterations: int) -> None:
        form, text = _text_of_mol(mol)
        self._kept = keep(text.encode("utf-8"))
        self._header = _made_header(form, is_converted, iterations, sanitize=False)

    def _name_it(self, caption: str | None, sample_id: str | None) -> None:
        self.caption = None if caption is None else clean_text(caption)
        self.sample_id = None if sample_id is None else clean_text(sample_id)

    @property
    def format(self) -> str:
        """The format of the file that is kept: what was given, "pdb" for what is made of a Mol or SMILES."""
        return str(self._header.get("format", "pdb"))

    def snapshot(self) -> Snapshot:
        header = {**self._header, "caption": self.caption, "sample_id": self.sample_id}
        return Snapshot(self.KIND, header, (self._kept,))

    def __repr__(self) -> str:
        return f"Molecule(format={self.format!r}, caption={self.caption!r})"


def _opened(data_or_path: Any, file_type: str | None) -> tuple[KeptFile, str]:
    """The bytes of a file, and which type it claims to be."""
    suffix = None if file_type is None else str(file_type).lower().lstrip(".")
    if isinstance(data_or_path, (str, os.PathLike)):
        path = os.fspath(data_or_path)
        suffix = suffix or _suffix_of(path)
        if suffix not in FILE_TYPES:
            raise ValueError(_wrong_type(data_or_path, suffix))
        return keep_file(path, subject="the molecule file"), suffix
    if not callable(getattr(data_or_path, "read", None)):
        raise ValueError(f"Data must be file name or a file object, not {type(data_or_path).__name__}")
    name = getattr(data_or_path, "name", None)
    suffix = suffix or (_suffix_of(name) if isinstance(name, str) else "")
    if not suffix:
        raise ValueError("Must pass file_type keyword argument when using io objects.")
    return keep_stream(rewound(data_or_path), subject="the molecule file"), suffix


def _suffix_of(path: Any) -> str:
    return os.path.splitext(str(path))[1][1:].lower()


def _wrong_type(given: Any, suffix: str) -> str:
    supported = f"Molecule only supports files of the type: {', '.join(FILE_TYPES)}"
    if suffix in RDKIT_TYPES:
        return f"{supported}; Molecule.from_rdkit takes {suffix} files"
    if isinstance(given, str) and not suffix:
        return f"{supported}; Molecule.from_smiles takes SMILES, and this is {given[:80]!r}"
    return f"{supported}; this is {suffix!r}"


def _is_mol(value: Any) -> bool:
    names = (f"{each.__module__}.{each.__qualname__}" for each in type(value).__mro__)
    return "rdkit.Chem.rdchem.Mol" in names


def _text_of_mol(mol: Any) -> tuple[str, str]:
    """A Mol as rdkit's own JSON, which keeps everything; one that makes no chemical sense as a mol file."""
    from rdkit import Chem, rdBase
    from rdkit.Chem import rdMolInterchange

    copy = Chem.Mol(mol)
    if not copy.GetNumAtoms():
        raise ValueError("the molecule has no atoms")
    with rdBase.BlockLogs():
        copy.UpdatePropertyCache(strict=False)
        Chem.GetSymmSSSR(copy)
        try:
            Chem.Kekulize(Chem.Mol(copy))
        except ValueError:
            return "mol", str(Chem.MolToMolBlock(copy, kekulize=False, forceV3000=True))
        return "json", str(rdMolInterchange.MolToJSON(copy))


def _made_header(form: str, is_converted: bool, iterations: int, *, sanitize: bool = True) -> dict[str, Any]:
    return {
        "form": form,
        "convert": bool(is_converted),
        "iterations": int(iterations),
        "sanitize": bool(sanitize),
    }


def molecule_from(value: Any) -> Molecule:
    """A bare path or Mol."""
    return Molecule(value)
