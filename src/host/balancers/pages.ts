/** What a load balancer says by itself, in AWS's words. */
const page = (title: string) => `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`;

export const noTargets = page('503 Service Temporarily Unavailable');

const raw = (title: string) => {
  const body = page(title);
  return `HTTP/1.1 ${title}\r\nServer: awselb/2.0\r\nContent-Type: text/html\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
};

/**
 * Files for `errorfile`, by the status with which HAProxy would answer. Its 503 is that no connection to a target could be made: a
 * 502 of a load balancer. (That there is no target at all is answered before, with `noTargets`.)
 */
export const errorFiles: Readonly<Record<string, string>> = {
  400: raw('400 Bad Request'),
  408: raw('408 Request Time-out'),
  500: raw('500 Internal Server Error'),
  502: raw('502 Bad Gateway'),
  503: raw('502 Bad Gateway'),
  504: raw('504 Gateway Time-out'),
};
