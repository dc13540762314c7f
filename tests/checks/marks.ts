/**
 * The marks by which tests say what they show. A line of its own, right above the test:
 *
 *     /// Shows checks 11 and 13.      in Rust, the last line of the doc comment
 *     // Shows check 31.               in TypeScript, above `test(`, `journey(`, `attack(` or a suite
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import ts from "typescript";

/** A test, or a whole suite, that shows some of the checks. */
export type Proof = {
  /** A suite stands in the list of suites; tests stand anywhere. */
  kind: "rust" | "typescript" | "suite";
  /** Relative to the project. */
  file: string;
  /** The name under which its outcome is told: of a Rust test its path, after its test binary's name. */
  name: string;
  shows: readonly number[];
};

/** What was found, and what is wrong about it. */
export type Marks = { proofs: Proof[]; faults: string[] };

/** The file in which suites are listed. */
export const SUITES = "tests/run/suites.mjs";

const LOOKS_LIKE_ONE = /\bshows? checks?\b/i;
const MARK = /^\s*\/\/(\/)? Shows (?:check (\d+)|checks (\d+(?:, \d+)* and \d+))\.$/;

/** All marks of a project, in the order of its files. */
export function readMarks(root: string): Marks {
  const marks: Marks = { proofs: [], faults: [] };
  const files = ["src-tauri", "tests"]
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) =>
        join(folder, name).split(sep).join("/"),
      ),
    )
    .filter((file) => !/(^|\/)(target|node_modules|gen)\/|^tests\/checks\//.test(file))
    .sort();
  for (const file of files) {
    const read = file.endsWith(".rs") ? inRust : /\.m?ts$|\.mjs$/.test(file) ? inScript : undefined;
    if (!read) continue;
    const text = readFileSync(join(root, file), "utf8");
    if (!LOOKS_LIKE_ONE.test(text)) continue;
    const found = read(file, text, root);
    marks.proofs.push(...found.proofs);
    marks.faults.push(...found.faults);
  }
  return marks;
}

/** The numbers of a line that is a mark; nothing where it is none. */
function numbersOf(line: string, slashes: "//" | "///"): number[] | undefined {
  const match = MARK.exec(line);
  if (!match || (match[1] === "/") !== (slashes === "///")) return undefined;
  return (match[2] ?? match[3] ?? "").match(/\d+/g)?.map(Number);
}

/** The marks of a Rust file: `rustfmt` sees to it that each stands on a line of its own. */
export function inRust(file: string, text: string, root: string): Marks {
  const marks: Marks = { proofs: [], faults: [] };
  const { binary, modules } = placeOf(file, root);
  const lines = text.split("\n");
  let inner: string[] = [];
  lines.forEach((line, index) => {
    const opened = /^(?:pub(?:\(\w+\))? )?mod (\w+) \{$/.exec(line)?.[1];
    if (opened) inner = [opened];
    if (line === "}") inner = [];
    if (!LOOKS_LIKE_ONE.test(line)) return;
    const at = `${file}:${String(index + 1)}`;
    const shows = numbersOf(line, "///");
    if (!shows) {
      marks.faults.push(`${at}: this is not how a mark is written: ${line.trim()}`);
      return;
    }
    let next = index + 1;
    const attributes: string[] = [];
    while (/^\s*#\[.*\]$/.test(lines[next] ?? "")) {
      attributes.push((lines[next] ?? "").trim());
      next += 1;
    }
    const name = /^\s*(?:async )?fn (\w+)\(/.exec(lines[next] ?? "")?.[1];
    if (!name || !attributes.some((one) => /^#\[(?:tokio::)?test(?:\(.*\))?\]$/.test(one))) {
      marks.faults.push(`${at}: below this mark there is no test`);
    } else if (attributes.some((one) => one.startsWith("#[ignore"))) {
      marks.faults.push(`${at}: the test below this mark is ignored`);
    } else {
      const path = [...modules, ...inner, name].join("::");
      marks.proofs.push({ kind: "rust", file, name: `${binary} ${path}`, shows });
    }
  });
  return marks;
}

/**
 * The test binary that a file is compiled into, as nextest names it, and the file's modules in there: a binary
 * is `src`, a program of `src/bin`, or a file or folder of `tests`.
 */
function placeOf(file: string, root: string): { binary: string; modules: string[] } {
  let crate = dirname(file);
  while (!existsSync(join(root, crate, "Cargo.toml"))) crate = dirname(crate);
  const manifest = readFileSync(join(root, crate, "Cargo.toml"), "utf8");
  const name = /^name = "(.+)"$/m.exec(manifest)?.[1] ?? "";
  const parts = relative(crate, file).split(sep).join("/").replace(/\.rs$/, "").split("/");
  const isProgram = parts[0] === "src" && parts[1] === "bin";
  const own = parts.slice(isProgram ? 3 : parts[0] === "src" ? 1 : 2);
  const isRoot = own.length === 1 && /^(lib|main)$/.test(own[0] ?? "");
  return {
    binary:
      parts[0] === "tests"
        ? `${name}::${parts[1] ?? ""}`
        : isProgram
          ? `${name}::bin/${(parts[2] ?? "").replaceAll("_", "-")}`
          : name,
    modules: isRoot ? [] : own.filter((part) => part !== "mod" && part !== "main"),
  };
}

/** The marks of a TypeScript or JavaScript file. */
export function inScript(file: string, text: string): Marks {
  const marks: Marks = { proofs: [], faults: [] };
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const lineOf = (position: number) => source.getLineAndCharacterOfPosition(position).line;
  const used = new Set<number>();

  const take = (node: ts.Node, subject: ts.Expression | undefined, kind: Proof["kind"]) => {
    const last = ts.getLeadingCommentRanges(text, node.getFullStart())?.at(-1);
    const shows = last && numbersOf(text.slice(last.pos, last.end), "//");
    if (!shows || lineOf(last.end) !== lineOf(node.getStart()) - 1) return;
    used.add(lineOf(last.pos));
    const name = wordsOf(subject, source);
    if (name === undefined) {
      marks.faults.push(
        `${file}:${String(lineOf(node.getStart()) + 1)}: its name is not plain text`,
      );
    } else {
      marks.proofs.push({ kind, file, name, shows });
    }
  };
  const visit = (node: ts.Node): void => {
    if (
      ts.isExpressionStatement(node) &&
      ts.isCallExpression(node.expression) &&
      /^(test|journey|attack)$/.test(node.expression.expression.getText())
    ) {
      take(node, node.expression.arguments[0], "typescript");
    }
    if (
      file === SUITES &&
      ts.isObjectLiteralExpression(node) &&
      ts.isArrayLiteralExpression(node.parent)
    ) {
      const named = node.properties.find((one) => one.name?.getText() === "name");
      take(node, named && ts.isPropertyAssignment(named) ? named.initializer : undefined, "suite");
    }
    ts.forEachChild(node, visit);
  };
  visit(source);

  text.split("\n").forEach((line, index) => {
    if (!LOOKS_LIKE_ONE.test(line) || used.has(index)) return;
    const at = `${file}:${String(index + 1)}`;
    marks.faults.push(
      numbersOf(line, "//")
        ? `${at}: below this mark there is no test`
        : `${at}: this is not how a mark is written: ${line.trim()}`,
    );
  });
  return marks;
}

/** Plain text, or the constant of the same file that stands for it. */
function wordsOf(subject: ts.Expression | undefined, source: ts.SourceFile): string | undefined {
  if (!subject) return undefined;
  if (ts.isStringLiteralLike(subject)) return subject.text;
  if (!ts.isIdentifier(subject)) return undefined;
  const declared = source.statements
    .filter(ts.isVariableStatement)
    .flatMap(({ declarationList }) => [...declarationList.declarations])
    .find(({ name }) => name.getText() === subject.text)?.initializer;
  return declared && ts.isStringLiteralLike(declared) ? declared.text : undefined;
}
