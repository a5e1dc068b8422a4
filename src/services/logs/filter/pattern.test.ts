import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseFilterPattern } from './pattern.ts';

function cases(name: string, rows: [pattern: string, message: string | object, matches: boolean][]) {
  describe(name, () => {
    for (const [pattern, message, wanted] of rows) {
      const text = typeof message === 'string' ? message : JSON.stringify(message);
      test(`${pattern} ${wanted ? 'finds' : 'leaves'} ${text}`, () => assert.equal(parseFilterPattern(pattern).matches(text), wanted));
    }
  });
}

cases('terms', [
  ['', 'anything', true],
  ['ERROR', '[ERROR 400] BAD REQUEST', true],
  ['ERROR', 'error', false],
  ['Exception', 'java.lang.NullPointerException', true],
  ['ERROR REQUEST', '[ERROR 400] BAD REQUEST', true],
  ['ERROR MISSING', '[ERROR 400] BAD REQUEST', false],
  ['"BAD REQUEST"', '[ERROR 400] BAD REQUEST', true],
  ['"REQUEST BAD"', '[ERROR 400] BAD REQUEST', false],
  ['"say \\"hi\\""', 'they say "hi"', true],
  ['ERROR -400', '[ERROR 400] BAD REQUEST', false],
  ['ERROR -"BAD REQUEST"', '[ERROR 419] MISSING', true],
  ['-DEBUG', 'INFO fine', true],
  ['?ERROR ?WARN', 'WARN slow', true],
  ['?ERROR ?WARN', 'INFO fine', false],
  ['?ERROR ?WARN INFO', 'INFO fine', true],
  ['%ERR[A-Z]+%', 'ERROR', true],
  ['%^ERROR%', 'an ERROR', false],
  ['-%4[0-9]{2}%', 'ERROR 404', false],
]);

const event = { eventType: 'UpdateTrail', sourceIPAddress: '111.111.111.111', arrayKey: ['value', 'another value'], objectList: [{ name: 'a', id: 1 }, { name: 'b', id: 2 }], SomeObject: null, ThisFlag: true, latency: 12.5, code: 'q-42', 'odd key': 'x' };
cases('JSON', [
  ['{ $.eventType = "UpdateTrail" }', event, true],
  ['{ $.eventType = UpdateTrail }', event, true],
  ['{ $.eventType = "Update*" }', event, true],
  ['{ $.eventType = "update*" }', event, false],
  ['{ $.sourceIPAddress != 123.123.* }', event, true],
  ['{ $.sourceIPAddress = 111.111.* }', event, true],
  ['{ $.sourceIPAddress != 111.111.* }', event, false],
  ['{ $.arrayKey[0] = "value" }', event, true],
  ['{ $.arrayKey[2] = "value" }', event, false],
  ['{ $.arrayKey[*] = "another*" }', event, true],
  ['{ $.objectList[1].id = 2 }', event, true],
  ['{ $.objectList[*].name = "b" }', event, true],
  ['{ $.SomeObject IS NULL }', event, true],
  ['{ $.SomeOtherObject NOT EXISTS }', event, true],
  ['{ $.SomeObject NOT EXISTS }', event, false],
  ['{ $.ThisFlag IS TRUE }', event, true],
  ['{ $.ThisFlag IS FALSE }', event, false],
  ['{ $.ThisFlag = true }', event, true],
  ['{ $.latency > 12 && $.latency <= 1.25e1 }', event, true],
  ['{ $.latency < 12 }', event, false],
  ['{ $.latency = 12.5 }', event, true],
  ['{ $.latency = 12* }', event, true],
  ['{ $.missing != 1 }', event, false],
  ['{ ($.eventType = "x" || $.latency > 1) && $.code = %q-[0-9]+% }', event, true],
  ['{ $.eventType = "x" || $.latency > 1 && $.code = "no" }', event, false],
  ["{ $.['odd key'] = \"x\" }", event, true],
  ["{ $['odd key'] = y }", event, false],
  ['{ $.eventType = "UpdateTrail" }', 'no JSON', false],
]);

const access = '127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534';
cases('space-delimited fields', [
  ['[ip, user, username, timestamp, request, status_code, bytes]', access, true],
  ['[ip, user, username, timestamp, request, status_code]', access, false],
  ['[ip, user, username, timestamp, request =*.html*, status_code = 4*, bytes]', access, true],
  ['[ip, user, username, timestamp, request =*.css*, status_code = 4*, bytes]', access, false],
  ['[ip, ..., status_code = 404, bytes]', access, true],
  ['[..., bytes > 2000]', access, false],
  ['[..., bytes >= 1534]', access, true],
  ['[ip = 127.0.0.1, ...]', access, true],
  ['[..., status_code = 404 || status_code = 410, bytes]', access, true],
  ['[..., status_code != 404 && status_code != 410, bytes]', access, false],
  ['[..., status_code = %4[0-9][0-9]%, bytes]', access, true],
  ['[w1 = "ERROR", w2]', 'ERROR bad', true],
]);

test('what was found is told', () => {
  assert.deepEqual(parseFilterPattern('{ $.latency > 1 && $.eventType = * }').extract(JSON.stringify(event)), { '$.latency': '12.5', '$.eventType': 'UpdateTrail' });
  assert.deepEqual(parseFilterPattern('[level, ..., last]').extract('INFO a b c'), { $level: 'INFO', $last: 'c' });
});

test('what is no pattern is refused', () => {
  for (const pattern of ['{ $.a = }', '{ $.a = 1', '{ a = 1 }', '[a, b', '[..., ...]', '[a = 1 && b = 2]', 'foo:bar', '%(a)%', '{ $.a = 1 } x']) {
    assert.throws(() => parseFilterPattern(pattern), { code: 'InvalidParameterException' }, pattern);
  }
});
