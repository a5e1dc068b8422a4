import type { BalancerCondition } from '../../wire/host.ts';
import { quoted, wildcard } from './text.ts';

/**
 * A condition as HAProxy's `acl` lines of one name: alternatives of one name are an "or". Case counts in paths and methods, and not
 * in host names, headers and query strings (User Guide for Application Load Balancers, "Condition types for listener rules").
 */
export function aclLines(name: string, condition: BalancerCondition): string[] {
  const regex = (fetch: string, flags: string, pattern: string) => `acl ${name} ${fetch} -m reg ${flags}-- ${quoted(pattern)}`;
  switch (condition.field) {
    case 'host-header':
      return condition.values.map((value) => regex('req.hdr(host),host_only', '-i ', `^${wildcard(value)}$`));
    case 'path-pattern':
      return condition.values.map((value) => regex('path', '', `^${wildcard(value)}$`));
    case 'http-request-method':
      return condition.values.map((value) => `acl ${name} method -m str -- ${quoted(value)}`);
    case 'source-ip':
      return condition.values.map((value) => `acl ${name} src ${quoted(value)}`);
    case 'http-header':
      return condition.values.map((value) => regex(`req.fhdr(${headerName(condition.name)})`, '-i ', `^${wildcard(value)}$`));
    case 'query-string':
      return condition.values.map(({ key, value }) => {
        const left = key === undefined ? '([^&]*=)?' : `${wildcard(key, '[^&]')}=`;
        return regex('query', '-i ', `(^|&)${left}${wildcard(value, '[^&]')}(&|$)`);
      });
  }
}

/** RFC 9110's token, of which AWS takes 40 characters; nothing else can be a header's name. */
const headerName = (name: string) => name.replace(/[^A-Za-z0-9!#$&*+.^_`|~-]/g, '');
