// --name value words of an experiment, and chance that can be repeated.
import { fileURLToPath } from 'node:url';

// `defaults`: names with what they are when nobody says; numbers stay numbers.
export function read_arguments(defaults, words = process.argv.slice(2)) {
  const out = { ...defaults };
  for (let i = 0; i < words.length; i += 2) {
    const name = words[i].replace(/^--/, '');
    if (!words[i].startsWith('--') || !(name in defaults) || words[i + 1] === undefined) {
      throw new Error(`usage: ${Object.entries(defaults).map(([key, value]) => `[--${key} ${value}]`).join(' ')}`);
    }
    out[name] = typeof defaults[name] === 'number' ? Number(words[i + 1]) : words[i + 1];
  }
  return out;
}

// Numbers in [0, 1), the same for the same seed.
export function random_of(seed) {
  let state = (seed * 2654435761) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export const is_main = (meta) => process.argv[1] === fileURLToPath(meta.url);

// Runs an experiment from the command line: prints what it measured, exit code 1 when it found something.
export async function main(experiment, defaults) {
  try {
    const found = await experiment({ ...read_arguments(defaults), log: (line) => console.error(line) });
    console.log(JSON.stringify(found));
    process.exit(0);
  } catch (error) {
    console.error(error.stack ?? error);
    process.exit(1);
  }
}
