// Programs on the `ai` SDK: every provider package before every upstream, and first before the doubles themselves.
import { after, before, describe, test } from 'node:test';
import { ai_promises } from './support/ai_promises.mjs';
import { ai_packages, no_ai_sdk as skip } from './support/ai_sdk.mjs';
import { KEY, with_refusals } from './support/doubles/double.mjs';
import { start_doubles, start_many, upstream_names } from './support/many.mjs';

globalThis.AI_SDK_LOG_WARNINGS = false;

function keep_promises(place_of) {
  for (const [name, keep] of Object.entries(ai_promises)) {
    test(name, { skip }, async () => {
      const place = await place_of();
      place.double.refusals.length = 0;
      return Promise.resolve(keep(place)).catch((error) => { throw with_refusals(error, place.double); });
    });
  }
}

describe('the ai SDK and the doubles', () => {
  let doubles;
  before(async () => { doubles = await start_doubles(); });
  after(() => Promise.all(Object.values(doubles).map((double) => double.stop())));

  for (const { name, dialect, connect } of ai_packages) {
    describe(name, () => {
      keep_promises(async () => ({
        upstream: dialect, double: doubles[dialect], model: (scenario) => scenario, program: await connect(doubles[dialect].url, KEY),
      }));
    });
  }
});

describe('the ai SDK and the gateway', () => {
  let many;
  before(async () => { many = await start_many(); });
  after(() => many?.stop());

  for (const { name, dialect, connect } of ai_packages) {
    for (const upstream of upstream_names) {
      describe(`${name} -> ${upstream}`, () => {
        keep_promises(async () => ({
          upstream, double: many.doubles[upstream], model: (scenario) => `${upstream}.${scenario}`, program: await connect(many.gateway.url, many.gateway.key),
        }));
      });
    }
  }
});
