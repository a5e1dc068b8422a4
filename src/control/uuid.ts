/** 32 hexadecimal digits in the form of a UUID (RFC 9562). */
export const uuid = (hex: string): string => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
