import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { comparePictures } from "./comparison";

/** ImageMagick's arguments for the smallest file that loses no colour. */
export const SMALL_PNG = [
  ...["-strip", "-define", "png:exclude-chunks=all", "-define", "png:compression-level=9"],
  ...["-define", "png:compression-filter=2", "-define", "png:compression-strategy=0"],
];

/** Takes a picture; one that is as expected need not be taken twice. */
export type Take = (isExpected?: (picture: Buffer) => boolean) => Promise<Buffer>;

/** A folder of golden pictures: how each state looked when somebody last agreed to it. */
export class Goldens {
  readonly #findings: string[] = [];
  readonly #taken = new Set<string>();

  /** Pictures are written to `output`; with `retake` they become the golden ones. */
  constructor(
    private readonly folder: string,
    private readonly output: string,
    private readonly retake: boolean,
  ) {
    mkdirSync(folder, { recursive: true });
    mkdirSync(output, { recursive: true });
  }

  get count(): number {
    return this.#taken.size;
  }

  /** What differed so far. */
  get findings(): readonly string[] {
    return this.#findings;
  }

  /** Takes the picture of this name and compares it. */
  async check(name: string, take: Take): Promise<Buffer> {
    const golden = this.#golden(name);
    const expected = this.retake || !existsSync(golden) ? undefined : readFileSync(golden);
    const picture = await (expected
      ? take((taken) => !comparePictures(taken, expected).differs)
      : take());
    writeFileSync(this.#picture(name), picture);
    this.#taken.add(name);
    if (expected) this.#compare(name, picture, expected);
    else if (!this.retake) this.#findings.push(`${this.#picture(name)}: there is no ${golden}`);
    return picture;
  }

  /** Ends the run: what differed, or the new golden pictures in place of the old ones. */
  conclude(): string[] {
    if (this.retake) this.#replace();
    const unused = readdirSync(this.folder)
      .filter((file) => !this.#taken.has(file.replace(/\.png$/, "")))
      .map((file) => `${join(this.folder, file)} belongs to no state`);
    return [...this.#findings, ...unused];
  }

  /** Where it differs, the golden picture and the difference are written beside the picture. */
  #compare(name: string, picture: Buffer, expected: Buffer): void {
    const { differs, description, image } = comparePictures(picture, expected);
    if (!differs) return;
    const [golden, difference] = ["golden", "difference"].map((what) =>
      join(this.output, `${name}.${what}.png`),
    ) as [string, string];
    writeFileSync(golden, expected);
    if (image) writeFileSync(difference, image);
    this.#findings.push(
      `${this.#picture(name)}: ${description}, compare ${golden}${image ? ` and ${difference}` : ""}`,
    );
  }

  #replace(): void {
    rmSync(this.folder, { recursive: true });
    mkdirSync(this.folder);
    for (const name of this.#taken) copyFileSync(this.#picture(name), this.#golden(name));
    execFileSync("mogrify", [...SMALL_PNG, ...[...this.#taken].map((name) => this.#golden(name))]);
  }

  #golden(name: string): string {
    return join(this.folder, `${name}.png`);
  }

  #picture(name: string): string {
    return join(this.output, `${name}.png`);
  }
}
