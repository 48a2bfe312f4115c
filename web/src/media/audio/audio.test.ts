import { describe, expect, it } from "vitest";
import { Spectrum, formatFrequency, frequencyAt, frequencyTicks, shareOf } from "@/media/audio/fourier";
import { columnsOf, lanesOf, loudest, outlineOfSamples } from "@/media/audio/outline";
import { followTime, moveRange, timeTicks, zoomRange } from "@/media/audio/range";
import { samplesOfWav } from "@/media/audio/samples";
import { formatTime, leaveVoice, takeVoice } from "@/media/playing";

describe("outlines", () => {
  it("reads int8 pairs, channel after channel", () => {
    const lanes = lanesOf(new Int8Array([-127, 127, 0, 64, 1, 2, 3, 4]).buffer, 2, 2);
    expect(lanes.map(({ lows, highs }) => [[...lows], [...highs]])).toHaveLength(2);
    expect(lanes[0]?.lows[0]).toBe(-1);
    expect(lanes[0]?.highs[0]).toBe(1);
    expect(lanes[1]?.highs[1]).toBeCloseTo(4 / 127);
  });

  it("shows every extreme however few columns there are, and every stretch however many", () => {
    const lane = { lows: new Float32Array([0, -1, 0, 0]), highs: new Float32Array([0, 0, 0.5, 0]) };
    expect([...columnsOf(lane, 0, 1, 2).lows]).toEqual([-1, 0]);
    expect([...columnsOf(lane, 0, 1, 2).highs]).toEqual([0, 0.5]);
    expect([...columnsOf(lane, 0, 1, 8).highs]).toEqual([0, 0, 0, 0, 0.5, 0.5, 0, 0]);
    expect([...columnsOf(lane, 0.5, 1, 2).highs]).toEqual([0.5, 0]);
    expect(loudest([lane])).toBe(1);
    expect(loudest([])).toBe(0.05);
  });

  it("of samples", () => {
    const samples = new Float32Array(130);
    samples[64] = -0.5;
    samples[129] = 0.25;
    expect([...outlineOfSamples(samples).lows]).toEqual([0, -0.5, 0]);
    expect([...outlineOfSamples(samples).highs]).toEqual([0, 0, 0.25]);
  });
});

describe("spectra", () => {
  it("a full-scale sine has 0 dB at its frequency and nothing far from it", () => {
    const rate = 8000;
    const samples = Float32Array.from({ length: 4000 }, (_, at) => Math.sin((2 * Math.PI * 1000 * at) / rate));
    const spectrum = new Spectrum(512);
    const levels = new Float32Array(256);
    spectrum.decibels(samples, 2000, levels);
    const loudestBin = levels.indexOf(Math.max(...levels));
    expect((loudestBin * rate) / 512).toBe(1000);
    expect(levels[loudestBin]).toBeCloseTo(0, 1);
    expect(levels[200]).toBeLessThan(-90);
  });

  it("silence and places beyond the ends are silent", () => {
    const levels = new Float32Array(128);
    new Spectrum(256).decibels(new Float32Array(10), -5000, levels);
    expect(Math.max(...levels)).toBe(-200);
    expect(() => new Spectrum(300)).toThrow("power of two");
  });

  it("heights and frequencies are each other's inverse on both scales", () => {
    for (const isLog of [false, true]) {
      for (const share of [0.01, 0.3, 1]) expect(shareOf(frequencyAt(share, 8000, isLog), 8000, isLog)).toBeCloseTo(share, 9);
    }
    expect(frequencyTicks(22_050, false, 200)).toEqual([5000, 10_000, 15_000, 20_000]);
    expect(frequencyTicks(22_050, true, 400)).toEqual([50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000]);
    expect([16, 440, 1000, 22_050].map(formatFrequency)).toEqual(["16 Hz", "440 Hz", "1 kHz", "22.1 kHz"]);
  });
});

describe("ranges", () => {
  it("zooms around a place and stays inside", () => {
    expect(zoomRange({ start: 0, end: 10 }, 2, 2, 10, 0.01)).toEqual({ start: 1, end: 6 });
    expect(zoomRange({ start: 1, end: 6 }, 0.01, 2, 10, 0.01)).toEqual({ start: 0, end: 10 });
    const near = zoomRange({ start: 0, end: 10 }, 1e9, 5, 10, 0.01);
    expect(near.end - near.start).toBeCloseTo(0.01);
    expect(moveRange({ start: 4, end: 6 }, 100, 10)).toEqual({ start: 8, end: 10 });
    expect(followTime({ start: 4, end: 6 }, 6.5, 10)).toEqual({ start: 6.5, end: 8.5 });
    expect(followTime({ start: 4, end: 6 }, 5, 10)).toEqual({ start: 4, end: 6 });
  });

  it("labels round times", () => {
    expect(timeTicks({ start: 0, end: 3 }, 540)).toEqual([0, 0.5, 1, 1.5, 2, 2.5, 3]);
    expect(timeTicks({ start: 0, end: 600 }, 540)).toEqual([0, 120, 240, 360, 480, 600]);
    expect(timeTicks({ start: 0, end: 0 }, 540)).toEqual([]);
  });

  it("writes times that are never early", () => {
    expect([0, 0.09, 0.999, 59.99, 61.25, 3600].map((secs) => formatTime(secs))).toEqual([
      "0:00.0",
      "0:00.0",
      "0:00.9",
      "0:59.9",
      "1:01.2",
      "1:00:00.0",
    ]);
    expect(formatTime(2.5, 0)).toBe("0:02");
    expect(formatTime(NaN)).toBe("–:––");
  });
});

function wav(kind: number, bits: number, channels: number, bytes: number[]): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(44 + bytes.length));
  const write = (at: number, text: string): void => [...text].forEach((letter, place) => view.setUint8(at + place, letter.charCodeAt(0)));
  write(0, "RIFF");
  write(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, kind, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, 32, true);
  view.setUint16(34, bits, true);
  write(36, "data");
  view.setUint32(40, bytes.length, true);
  bytes.forEach((byte, at) => view.setUint8(44 + at, byte));
  return view.buffer;
}

describe("plain WAVs", () => {
  it("are read as they are, at any rate", () => {
    const stereo = samplesOfWav(wav(1, 16, 2, [0, 0x40, 0, 0xc0, 0xff, 0x7f, 0, 0]));
    expect(stereo?.rate).toBe(32);
    expect(stereo?.channels.map((channel) => [...channel])).toEqual([[0.5, 32_767 / 32_768], [-0.5, 0]]);
    expect([...(samplesOfWav(wav(1, 8, 1, [128, 192]))?.channels[0] ?? [])]).toEqual([0, 0.5]);
    expect([...(samplesOfWav(wav(3, 32, 1, [0, 0, 0xc0, 0x7f, 0, 0, 0x40, 0xbf]))?.channels[0] ?? [])]).toEqual([0, -0.75]);
  });

  it("others are left to the browser", () => {
    expect(samplesOfWav(wav(2, 4, 1, [0, 0]))).toBeNull();
    expect(samplesOfWav(new ArrayBuffer(3))).toBeNull();
    expect(samplesOfWav(wav(1, 16, 0, [0, 0]))).toBeNull();
    expect(samplesOfWav(new TextEncoder().encode("OggS and so on").buffer as ArrayBuffer)).toBeNull();
  });
});

it("only one sound is heard at a time", () => {
  const heard: string[] = [];
  const [a, b] = [{}, {}];
  takeVoice(a, () => heard.push("a is hushed"));
  takeVoice(a, () => heard.push("a is hushed"));
  takeVoice(b, () => heard.push("b is hushed"));
  leaveVoice(a);
  takeVoice(a, () => undefined);
  expect(heard).toEqual(["a is hushed", "b is hushed"]);
});
