/** The secrets that occur in these bytes, in UTF-8 or in UTF-16, which browsers write. */
export function secretsIn(bytes: Buffer | string, secrets: readonly string[]): string[] {
  const haystack = Buffer.from(bytes);
  return secrets.filter((secret) =>
    (["utf8", "utf16le"] as const).some((encoding) =>
      haystack.includes(Buffer.from(middle(secret), encoding)),
    ),
  );
}

/** The middle of a secret: a long one may be truncated or wrapped where it was copied. */
function middle(secret: string): string {
  const start = Math.max(0, Math.floor(secret.length / 2) - 16);
  return secret.slice(start, start + 32);
}
