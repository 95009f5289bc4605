// A reporter for node's test runner that says "passed failed skipped" of single cases: suites and files do not count.
export default async function* count(events) {
  const cases = { pass: 0, fail: 0, skip: 0 };
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const is_file = data.nesting === 0 && /\.test\.mjs$/.test(data.name);
    if (data.details?.type === 'suite') continue;
    if (is_file && type === 'test:pass') continue; // a file that fails as a whole (it did not load) is a failure
    if (is_file && data.details?.error?.failureType === 'subtestsFailed') continue;
    if (data.skip !== undefined && data.skip !== false) cases.skip += 1;
    else if (type === 'test:pass') cases.pass += 1;
    else cases.fail += 1;
  }
  yield `${cases.pass} ${cases.fail} ${cases.skip}\n`;
}
