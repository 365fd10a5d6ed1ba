// A reporter of node:test that prints who passed what: a table for each group of packages, a row for each case. A dash is a
// case that a version has no option for.

const MARKS = { pass: 'ok', fail: 'FAILED', skip: 'skipped' };
const NOT_THERE = '–';

/** `@picahq/ai 3.0.2` is in the group `@picahq/ai`; so are all its versions. */
const groupOf = (suite) => suite.replace(/ (\d.*)$/, '');
const versionOf = (suite) => suite.slice(groupOf(suite).length + 1) || NOT_THERE;

export default async function* matrix(source) {
  const groups = new Map();
  const open = [];
  for await (const { type, data } of source) {
    if (type === 'test:start') {
      open[data.nesting] = data.name;
      continue;
    }
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (data.details?.type === 'suite' || data.nesting === 0) continue;
    const suite = open[0];
    const [group, version] = [groupOf(suite), versionOf(suite)];
    if (!groups.has(group)) groups.set(group, new Map());
    const versions = groups.get(group);
    if (!versions.has(version)) versions.set(version, new Map());
    const result = data.skip !== undefined && data.skip !== false ? 'skip' : type === 'test:fail' ? 'fail' : 'pass';
    versions.get(version).set(data.name, result);
  }
  for (const [group, versions] of groups) yield table(group, versions);
}

function table(group, versions) {
  const cases = [...new Set([...versions.values()].flatMap((results) => [...results.keys()]))];
  const widest = Math.max(...cases.map((name) => name.length));
  const columns = [...versions].map(([version, results]) => {
    const counted = [...results.values()].filter((result) => result !== 'skip');
    const passed = counted.filter((result) => result === 'pass').length;
    return { version, results, sum: `${passed}/${counted.length}`, width: Math.max(version.length, 6) };
  });
  const line = (first, cell) => `${first.padEnd(widest)}  ${columns.map((column) => cell(column).padEnd(column.width)).join('  ')}`.trimEnd();
  return ['', group, line('', ({ version }) => version), ...cases.map((name) => line(name, ({ results }) => MARKS[results.get(name)] ?? NOT_THERE)),
    line('passed', ({ sum }) => sum), ''].join('\n');
}
