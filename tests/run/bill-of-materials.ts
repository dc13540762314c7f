/**
 * The app's bill of materials, as CycloneDX: it tells whether an advisory concerns the app.
 *
 * Not cargo-cyclonedx and cyclonedx-npm: each makes a bill of its own, of all that a lock file names, where
 * one bill of what is shipped is wanted. Their organisation's library checks ours against the schema.
 */
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { app, reference, type Crates, type Part } from "./shipped";

export function billOfMaterials(crates: Crates, packages: Part[]) {
  const own = `pkg:generic/${app.name}@${app.version}`;
  const parts = [...crates.parts, ...packages];
  const imported = packages
    .map(reference)
    .filter((each) => !packages.some(({ dependencies }) => dependencies.includes(each)));
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      timestamp: new Date().toISOString(),
      lifecycles: [{ phase: "build" }],
      component: {
        type: "application",
        "bom-ref": own,
        name: app.name,
        version: app.version,
        purl: own,
        licenses: [{ expression: app.license }],
      },
    },
    components: parts.map((part) => ({
      type: "library",
      "bom-ref": reference(part),
      name: part.name,
      version: part.version,
      description: part.description,
      scope: "required",
      hashes: [part.hash],
      licenses: [{ expression: part.license }],
      purl: reference(part),
      externalReferences: part.repository ? [{ type: "vcs", url: part.repository }] : [],
    })),
    dependencies: [
      { ref: own, dependsOn: unique([...crates.direct, ...imported]) },
      ...parts.map((part) => ({ ref: reference(part), dependsOn: unique(part.dependencies) })),
    ],
  };
}

/** What the CycloneDX schema objects to; `null` for nothing. */
export async function objections(bill: string): Promise<unknown> {
  return await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(bill);
}

function unique(list: string[]): string[] {
  return [...new Set(list)];
}
