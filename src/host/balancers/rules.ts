import { createHash } from 'node:crypto';
import type { BalancerAction, BalancerHeaders, BalancerListener } from '../../wire/host.ts';
import { aclLines } from './conditions.ts';
import { literal, modeOf, quoted, sectionName } from './text.ts';

/** Lines of one `frontend`, and the bodies of fixed responses by the name of the file that must hold them. */
export interface Frontend {
  lines: string[];
  bodies: Map<string, string>;
}

/**
 * A listener. HAProxy runs all its `http-request` rules before it chooses a backend, whatever their order in the file; so the rules
 * first only say which of them is the one (`txn.rule`), and the actions are taken after.
 */
export function frontend(listener: BalancerListener, headers: BalancerHeaders, bodyPath: (file: string) => string): Frontend {
  const bodies = new Map<string, string>();
  const lines = [`frontend ${sectionName(listener.id)} from ${modeOf(listener)}`, `bind :${listener.port}`];
  if (listener.protocol === 'TCP') return { lines: [...lines, ...onlyGroup(listener)], bodies };
  if (headers.dropInvalid) lines.push(`http-request del-header ${quoted('[^A-Za-z0-9-]')} -m reg`);
  const actions: string[] = [];
  listener.rules.forEach(({ conditions, action }, rule) => {
    const names = conditions.map((_, index) => `r${rule}c${index}`);
    conditions.forEach((condition, index) => lines.push(...aclLines(names[index] ?? '', condition)));
    lines.push(`http-request set-var(txn.rule) int(${rule}) if !{ var(txn.rule) -m found } ${names.join(' ')}`);
    actions.push(...actionLines(action, `{ var(txn.rule) -m int ${rule} }`, listener.port, (body) => {
      const file = `body-${createHash('sha256').update(body).digest('hex').slice(0, 16)}`;
      bodies.set(file, body);
      return bodyPath(file);
    }));
  });
  return { lines: [...lines, ...actions, ...forwardedFor(headers), ...headerLines(listener.port), 'use_backend %[var(txn.backend)] if { var(txn.backend) -m found }'], bodies };
}

/** A TCP listener's one forward; without a group, a connection is closed as soon as it is made. */
function onlyGroup({ rules: [rule] }: BalancerListener): string[] {
  const id = rule?.action.type === 'forward' ? rule.action.targetGroups[0]?.id : undefined;
  return id === undefined ? ['tcp-request connection reject'] : [`default_backend ${sectionName(id)}`];
}

function actionLines(action: BalancerAction, when: string, port: number, saveBody: (body: string) => string): string[] {
  switch (action.type) {
    case 'forward':
      return forward(action.targetGroups, when);
    case 'fixed-response': {
      const body = action.body === '' ? '' : ` content-type ${quoted(action.contentType)} file ${quoted(saveBody(action.body))}`;
      return [`http-request return status ${action.statusCode}${body} hdr Server awselb/2.0 hdr Date %[date,http_date] if ${when}`];
    }
    case 'redirect':
      return redirect(action, when, port);
  }
}

/** By weight: a number below the sum of all weights falls into the share of one group. */
function forward(groups: { id: string; weight: number }[], when: string): string[] {
  const [first] = groups;
  const to = (id: string, condition: string) => `http-request set-var(txn.backend) str(${sectionName(id)}) if ${condition}`;
  if (first && groups.length === 1) return [to(first.id, when)];
  const total = groups.reduce((sum, { weight }) => sum + weight, 0);
  if (total === 0) return [];
  let below = 0;
  return [
    `http-request set-var(txn.pick) rand(${total}) if ${when}`,
    ...groups.map(({ id, weight }) => to(id, `${when} !{ var(txn.backend) -m found } { var(txn.pick) -m int lt ${(below += weight)} }`)),
  ];
}

/** `#{protocol}`, `#{host}`, `#{port}`, `#{path}` and `#{query}` stand for what the request had (API reference, RedirectActionConfig). */
function redirect({ protocol, host, port: toPort, path, query, statusCode }: Extract<BalancerAction, { type: 'redirect' }>, when: string, port: number): string[] {
  const known: Record<string, string> = {
    protocol: 'http', host: '%[req.hdr(host),host_only]', port: String(port), path: '%[path,bytes(1)]', query: '%[query]',
  };
  const filled = (text: string) => text.split(/#\{(\w+)\}/).map((part, index) => (index % 2 === 1 ? (known[part] ?? '') : literal(part))).join('');
  const location = `${filled(protocol).toLowerCase()}://${filled(host)}:${filled(toPort)}${filled(path)}`;
  const line = (to: string, condition: string) => `http-request redirect code ${statusCode} location ${quoted(to)} if ${when}${condition}`;
  if (query === '') return [line(location, '')];
  const withQuery = `${location}?${filled(query)}`;
  return query === '#{query}' ? [line(withQuery, ' { query -m len gt 0 }'), line(location, '')] : [line(withQuery, '')];
}

function forwardedFor({ forwardedFor: mode, clientPort }: BalancerHeaders): string[] {
  if (mode === 'preserve') return [];
  if (mode === 'remove') return ['http-request del-header X-Forwarded-For'];
  const client = clientPort ? '%[src]:%[src_port]' : '%[src]';
  return [
    `http-request set-header X-Forwarded-For %[req.fhdr(X-Forwarded-For)],\\ ${client} if { req.fhdr(X-Forwarded-For) -m found }`,
    `http-request set-header X-Forwarded-For ${client} unless { req.fhdr(X-Forwarded-For) -m found }`,
  ];
}

/** What a target is told of its client (User Guide, "HTTP headers and Application Load Balancers"). */
const headerLines = (port: number) => [
  'http-request set-header X-Forwarded-Proto http',
  `http-request set-header X-Forwarded-Port ${port}`,
  'http-request set-var(txn.trace) date,hex,bytes(8,8),lower',
  'http-request set-header X-Amzn-Trace-Id Self=1-%[var(txn.trace)]-%[uuid,regsub(-,,g),bytes(0,24)];%[req.fhdr(X-Amzn-Trace-Id)] if { req.fhdr(X-Amzn-Trace-Id) -m sub Root= }',
  'http-request set-header X-Amzn-Trace-Id Root=1-%[var(txn.trace)]-%[uuid,regsub(-,,g),bytes(0,24)] unless { req.fhdr(X-Amzn-Trace-Id) -m sub Root= }',
];
