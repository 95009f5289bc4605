// Sees what an SDK sends and gets, below the SDK: every answer's head, and its text as it came.
import { AsyncLocalStorage } from 'node:async_hooks';

const recording = new AsyncLocalStorage();
const plain_fetch = globalThis.fetch;

globalThis.fetch = async (...args) => {
  const answer = await plain_fetch(...args);
  const seen = recording.getStore();
  if (seen) {
    const call = { url: String(args[0]?.url ?? args[0]), status: answer.status, headers: answer.headers };
    if (seen.keep_text && answer.body) call.text = answer.clone().text().catch(() => undefined);
    seen.calls.push(call);
  }
  return answer;
};

// Runs `work` and gives {result, calls: [{url, status, headers, text}]}; an error of `work` carries the calls along.
export async function watched(work, { keep_text = true } = {}) {
  const seen = { calls: [], keep_text };
  try {
    const result = await recording.run(seen, work);
    for (const call of seen.calls) call.text = await call.text;
    return { result, calls: seen.calls };
  } catch (error) {
    if (error instanceof Error) error.calls = seen.calls;
    throw error;
  }
}
