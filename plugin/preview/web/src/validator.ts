// Checks values against the schema of a definition without making code of it, which the content policy of the page
// forbids.
import { Validator } from "@cfworker/json-schema";
import { toErrorSchema, type ErrorSchema, type RJSFSchema, type RJSFValidationError, type ValidatorType } from "@rjsf/utils";

type Schema = Record<string, unknown>;

/** formSchema turns an OpenAPI schema of Kubernetes into JSON schema. */
export function formSchema(s: Schema): Schema {
  const out: Schema = { ...s };
  const each = (m: unknown) => Object.fromEntries(Object.entries((m ?? {}) as Record<string, Schema>).map(([k, v]) => [k, formSchema(v)]));
  if (s.properties) out.properties = each(s.properties);
  if (s.items) out.items = formSchema(s.items as Schema);
  if (typeof s.additionalProperties === "object") out.additionalProperties = formSchema(s.additionalProperties as Schema);
  if (s["x-kubernetes-int-or-string"]) { out.type = ["string", "integer"]; delete out.anyOf; }
  if (s["x-kubernetes-preserve-unknown-fields"] && !s.properties) out.additionalProperties = true;
  if (s.nullable && typeof s.type === "string") out.type = [s.type, "null"];
  if (out.format && !["date", "date-time", "email", "uri", "ipv4", "ipv6"].includes(String(out.format))) delete out.format;
  for (const k of Object.keys(out)) if (k.startsWith("x-kubernetes")) delete out[k];
  return out;
}

const compiled = new WeakMap<object, Validator>();

function check(schema: RJSFSchema, data: unknown) {
  let v = compiled.get(schema);
  if (!v) compiled.set(schema, (v = new Validator(schema as object, "7", false)));
  return v.validate(data ?? null);
}

function errorsOf(schema: RJSFSchema, data: unknown): RJSFValidationError[] {
  const { errors } = check(schema, data);
  const whole = new Set(["properties", "items", "additionalProperties", "anyOf", "oneOf", "allOf", "if", "$ref"]);
  return errors.filter((e) => !whole.has(e.keyword)).map((e) => {
    let property = e.instanceLocation.replace(/^#/, "").split("/").filter(Boolean).map((s) => "." + decodeURIComponent(s).replace(/~1/g, "/").replace(/~0/g, "~")).join("");
    if (e.keyword === "required") {
      const missing = /"([^"]+)"/.exec(e.error)?.[1];
      if (missing) property += `.${missing}`;
    }
    return { name: e.keyword, property, message: e.keyword === "required" ? "is required" : e.error, stack: `${property} ${e.error}` };
  });
}

export const validator: ValidatorType = {
  validateFormData: (data, schema) => {
    const errors = errorsOf(schema, data);
    return { errors, errorSchema: toErrorSchema(errors) as ErrorSchema };
  },
  isValid: (schema, data) => check(schema as RJSFSchema, data).valid,
  rawValidation: (schema, data) => ({ errors: errorsOf(schema, data) as never[] }),
};
export default validator;
