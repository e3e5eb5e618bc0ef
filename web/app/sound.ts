// The sounds of a call, made here: no file is loaded, and nothing of the
// caller decides how its ring sounds.

let context: AudioContext | null = null;
let timer = 0;

function play(notes: [frequency: number, start: number, length: number][]): void {
  context ??= new AudioContext();
  if (context.state === "suspended") void context.resume().catch(() => {});
  const now = context.currentTime + 0.02;
  for (const [frequency, start, length] of notes) {
    const tone = context.createOscillator();
    const loudness = context.createGain();
    tone.type = "sine";
    tone.frequency.value = frequency;
    loudness.gain.setValueAtTime(0, now + start);
    loudness.gain.linearRampToValueAtTime(0.16, now + start + 0.03);
    loudness.gain.exponentialRampToValueAtTime(0.001, now + start + length);
    tone.connect(loudness).connect(context.destination);
    tone.start(now + start);
    tone.stop(now + start + length + 0.05);
  }
}

// ring plays over and over until quiet is called.
export function ring(): void {
  repeat(() => play([[659, 0, 0.5], [831, 0.18, 0.6], [988, 0.36, 0.9]]), 2600);
  navigator.vibrate?.([300, 200, 300]);
}

// waiting is what the caller hears while it rings.
export function waiting(): void {
  repeat(() => play([[440, 0, 0.9]]), 4000);
}

function repeat(f: () => void, every: number): void {
  quiet();
  f();
  timer = window.setInterval(f, every);
}

export function quiet(): void {
  clearInterval(timer);
  timer = 0;
  navigator.vibrate?.(0);
}

export function over(): void {
  quiet();
  play([[520, 0, 0.25], [390, 0.16, 0.35]]);
}
