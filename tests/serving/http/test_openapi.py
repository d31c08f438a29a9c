"""The description is right by itself: schemas, references, examples, parameters, refusals."""

import re
from collections import Counter

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

URI = "urn:described"


@pytest.fixture(scope="module")
def described(steady):
    return steady.get("/openapi.json").json()


def operations(described):
    """Every operation: where it is, and what is said of it."""
    for path, item in described["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", path, operation


def nodes(value, pointer=""):
    """Every mapping in the description, and where it stands."""
    if isinstance(value, dict):
        yield pointer, value
        for key, part in value.items():
            yield from nodes(part, f"{pointer}/{key}")
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from nodes(part, f"{pointer}/{number}")


def test_every_operation_has_its_own_name(described):
    names = Counter(o["operationId"] for _, _, o in operations(described))

    assert [name for name, count in names.items() if count > 1] == []
    assert all(re.fullmatch("[a-z][a-z_]*", name) for name in names)


def test_every_reference_leads_somewhere(described):
    for pointer, node in nodes(described):
        if "$ref" not in node:
            continue
        target = described
        for part in node["$ref"].removeprefix("#/").split("/"):
            assert part in target, f"{pointer}: {node['$ref']}"
            target = target[part]


def test_every_schema_is_one(described):
    schemas = [
        (pointer, n["schema"])
        for pointer, n in nodes(described)
        if isinstance(n.get("schema"), dict)
    ]
    named = list(described["components"]["schemas"].items())

    assert len(schemas) > 100
    for pointer, schema in schemas + named:
        assert Draft202012Validator.check_schema(schema) is None, pointer


#: subjects whose answers get their models one after the other; a finished one leaves this list
UNTYPED_TAGS = {
    "access", "audit", "catalogue", "draws", "enterprises", "models", "subscriptions",
}  # fmt: skip
UNTYPED_OPERATIONS = {"score_without_record"}  #: answers as the what-if of enterprises does


def open_schemas(schema, components, path):
    """Where a schema takes fields that it does not name, or anything at all."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if f"/{name}/" not in path:  # a model within itself is looked at once
            yield from open_schemas(components[name], components, f"{path}{name}/")
        return
    if not set(schema) - {"title", "description", "examples"}:
        yield f"{path}: anything"
    if schema.get("type") == "object" and schema.get("additionalProperties", True) is True:
        yield f"{path}: other fields"
    parts = {f"{path}{field}/": part for field, part in schema.get("properties", {}).items()}
    parts |= {f"{path}{n}/": p for n, p in enumerate(schema.get("anyOf", ()))}
    for name in ("items", "additionalProperties"):
        parts |= {f"{path}{name}/": schema[name]} if isinstance(schema.get(name), dict) else {}
    for part_path, part in parts.items():
        yield from open_schemas(part, components, part_path)


def test_answers_have_models_that_take_no_other_fields(described):
    components, checked = described["components"]["schemas"], 0
    for name, _, operation in operations(described):
        if set(operation["tags"]) & UNTYPED_TAGS or operation["operationId"] in UNTYPED_OPERATIONS:
            continue
        for status, response in operation["responses"].items():
            answer = response.get("content", {}).get("application/json")
            if status[0] == "2" and answer is not None:
                path = f"{name} {status}: /"
                assert list(open_schemas(answer["schema"], components, path)) == []
                checked += 1

    assert checked > 15


def test_no_two_models_have_one_title(described):
    titles = Counter(schema["title"] for schema in described["components"]["schemas"].values())

    assert [title for title, count in titles.items() if count > 1] == []


def test_every_example_is_as_its_schema_says(described):
    resource = Resource.from_contents(described, default_specification=DRAFT202012)
    registry = Registry().with_resource(URI, resource)
    checked = 0
    for pointer, node in nodes(described):
        if not isinstance(node.get("schema"), dict) or "example" not in node:
            continue
        schema = {"$id": URI, **described, **node["schema"]}
        if schema.get("format") == "binary":
            continue
        faults = list(Draft202012Validator(schema, registry=registry).iter_errors(node["example"]))
        assert faults == [], pointer
        checked += 1

    assert checked > 40


def test_parameters_are_those_of_the_path_and_given_once(described):
    for name, path, operation in operations(described):
        parameters = [(p["in"], p["name"]) for p in operation.get("parameters", [])]
        assert len(parameters) == len(set(parameters)), name
        assert {n for place, n in parameters if place == "path"} == set(
            re.findall(r"{(\w+)}", path)
        )


def test_every_refusal_has_the_one_body(described):
    for name, _, operation in operations(described):
        for status, answer in operation["responses"].items():
            if status[0] in "45":
                [kind] = answer["content"]
                schema = answer["content"][kind]["schema"]
                assert kind == "application/problem+json", f"{name} {status}"
                assert schema == {"$ref": "#/components/schemas/Problem"}, f"{name} {status}"
        assert {"500", "503"} <= set(operation["responses"]), name


def test_who_may_send_a_key_for_retries_says_why(described):
    silent = []
    for name, _, operation in operations(described):
        headers = {p["name"] for p in operation.get("parameters", []) if p["in"] == "header"}
        if "Idempotency-Key" in headers and "X-Purpose" not in headers:
            silent.append(name)

    assert silent == []
