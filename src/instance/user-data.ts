import { gunzipSync } from 'node:zlib';

/** A part of user data that cloud-init would act on. */
export interface Part {
  /** `text/x-shellscript`: once in an instance's life. `text/cloud-boothook`: early at every boot. `application/node.eks.aws`: nodeadm's NodeConfig. Others are named to the user. */
  type: string;
  content: Buffer;
}

/**
 * User data as cloud-init reads it (https://cloudinit.readthedocs.io/en/latest/explanation/format.html): plain or gzipped, one part
 * told by its first line, or MIME multipart. `#cloud-config` is not acted on.
 */
export function parts(userData: Buffer): Part[] {
  const content = unzipped(userData);
  if (content.length === 0) return [];
  const head = content.subarray(0, 4096).toString('latin1');
  if (/^(content-type|mime-version):/i.test(head)) return mimeParts(parseMime(content));
  return [{ type: typeByFirstLine(head), content }];
}

const unzipped = (data: Buffer) => (data[0] === 0x1f && data[1] === 0x8b ? gunzipSync(data) : data);

function typeByFirstLine(head: string): string {
  if (head.startsWith('#!')) return 'text/x-shellscript';
  if (head.startsWith('#cloud-boothook')) return 'text/cloud-boothook';
  if (head.startsWith('#cloud-config')) return 'text/cloud-config';
  if (/^(---\s)?\s*apiVersion:\s*["']?node\.eks\.aws\//.test(head)) return 'application/node.eks.aws';
  return 'text/plain';
}

interface Entity {
  headers: Map<string, string>;
  body: Buffer;
}

/** RFC 2045: headers, an empty line, the body. */
function parseMime(content: Buffer): Entity {
  const text = content.toString('latin1');
  const end = /\r?\n\r?\n/.exec(text);
  const headerText = end ? text.slice(0, end.index) : text;
  const headers = new Map<string, string>();
  for (const line of headerText.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)) {
    const [name = '', ...value] = line.split(':');
    headers.set(name.trim().toLowerCase(), value.join(':').trim());
  }
  return { headers, body: end ? content.subarray(end.index + end[0].length) : Buffer.alloc(0) };
}

function mimeParts({ headers, body }: Entity): Part[] {
  const contentType = headers.get('content-type') ?? 'text/plain';
  const boundary = /boundary="?([^";]+)"?/i.exec(contentType)?.[1];
  if (contentType.toLowerCase().startsWith('multipart/') && boundary !== undefined) return split(body, boundary).flatMap((part) => mimeParts(parseMime(part)));
  const content = unzipped(headers.get('content-transfer-encoding')?.toLowerCase() === 'base64' ? Buffer.from(body.toString('latin1'), 'base64') : body);
  const declared = contentType.split(';')[0]!.trim().toLowerCase();
  // As cloud-init: what is only called plain is looked at.
  const type = declared === 'text/plain' ? typeByFirstLine(content.subarray(0, 128).toString('latin1')) : declared;
  return [{ type, content }];
}

/** RFC 2046, 5.1.1. A line break before a boundary belongs to the boundary. */
function split(body: Buffer, boundary: string): Buffer[] {
  const text = body.toString('latin1');
  const marker = new RegExp(`(?:^|\\r?\\n)--${boundary.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(--)?[ \\t]*(?:\\r?\\n|$)`, 'g');
  const found: Buffer[] = [];
  let start: number | undefined;
  for (const match of text.matchAll(marker)) {
    if (start !== undefined) found.push(body.subarray(start, match.index));
    if (match[1]) return found;
    start = match.index + match[0].length;
  }
  return found;
}
