"""The description is right by itself: schemas, references, examples, parameters, refusals."""

import re
from collections import Counter

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.serving.http.test_fuzz import DRAWS, MODELS

URI = "urn:described"
#: a value whose form is told by another field: of a rule, of an entry of the audit log
ANY_JSON = "JsonValue"
#: operations whose answers are still bare objects; an operation leaves when it has a model


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


def answers(described):
    """Every JSON answer that is no refusal: the operation's name and the schema."""
    for _, _, operation in operations(described):
        for status, response in operation["responses"].items():
            content = response.get("content", {}).get("application/json")
            if status[0] == "2" and content is not None:
                yield operation["operationId"], content["schema"]


def open_places(described, schema, place, visited):
    """Where a schema takes fields that it does not name, or anything at all."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name not in visited and name != ANY_JSON:
            visited.add(name)
            yield from open_places(
                described, described["components"]["schemas"][name], name, visited
            )
        return
    branches = [b for word in ("anyOf", "oneOf", "allOf") for b in schema.get(word, [])]
    extra_fields = schema.get("additionalProperties", "properties" not in schema)
    if schema.get("type") == "object" and "properties" in schema and extra_fields is not False:
        yield f"{place}: takes other fields"
    elif schema.get("type") == "object" and extra_fields is True:
        yield f"{place}: a bare object"
    elif not branches and not {"type", "const", "enum"} & set(schema):
        yield f"{place}: anything"
    parts = {f"{place}.{name}": part for name, part in schema.get("properties", {}).items()}
    parts |= {f"{place}|{number}": branch for number, branch in enumerate(branches)}
    parts |= {f"{place}[]": schema[w] for w in ("items", "additionalProperties") if w in schema}
    for part_place, part in parts.items():
        if isinstance(part, dict):
            yield from open_places(described, part, part_place, visited)


def test_every_answer_names_all_its_fields(described):
    places = {
        name: list(open_places(described, schema, name, set()))
        for name, schema in answers(described)
    }

    assert len(places) > 80
    assert {name: p for name, p in places.items() if p} == {}


def test_no_two_schemas_have_one_title(described):
    titles = Counter(
        s["title"] for s in described["components"]["schemas"].values() if "title" in s
    )

    assert [title for title, count in titles.items() if count > 1] == []


def test_every_operation_has_its_own_name(described):
    names = Counter(o["operationId"] for _, _, o in operations(described))

    assert [name for name, count in names.items() if count > 1] == []
    assert all(re.fullmatch("[a-z][a-z_]*", name) for name in names)


def parts_of(schema):
    """Schemas within a schema, without references."""
    yield from (part for key in ("anyOf", "oneOf", "allOf") for part in schema.get(key, ()))
    yield from schema.get("prefixItems", ())
    yield from schema.get("properties", {}).values()
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield schema[key]


def is_loose(schema):
    """Whether anything goes: an open object, a list of anything, no type at all."""
    if schema.get("type") == "object":
        return schema.get("additionalProperties", True) is True
    if schema.get("type") == "array":
        return not {"items", "prefixItems"} & set(schema)
    return not {"anyOf", "oneOf", "allOf", "type", "enum", "const"} & set(schema)


def loose_models(described, schema, name, visited):
    """Names of models that a schema leads to and in which anything goes."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name in visited:
            return
        visited.add(name)
        schema = described["components"]["schemas"][name]
    if is_loose(schema):
        yield name
    for part in parts_of(schema):
        yield from loose_models(described, part, name, visited)


@pytest.mark.parametrize("name", [*DRAWS, *MODELS])
def test_every_answer_has_a_model_that_allows_nothing_else(described, name):
    [operation] = [o for _, _, o in operations(described) if o["operationId"] == name]
    [success] = [r for status, r in operation["responses"].items() if status.startswith("2")]
    for media_type, body in success["content"].items():
        if media_type == "application/json":
            loose = set(loose_models(described, body["schema"], name, set()))
            assert loose <= {"JsonValue"}  # parameters, of which each model has its own


def test_every_model_has_its_own_title(described):
    titles = Counter(s.get("title", name) for name, s in described["components"]["schemas"].items())

    assert [title for title, count in titles.items() if count > 1] == []


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

    assert checked > 0


def test_every_example_of_a_field_is_as_the_field_says(described):
    resource = Resource.from_contents(described, default_specification=DRAFT202012)
    registry = Registry().with_resource(URI, resource)
    checked = 0
    for place, node in nodes(described):
        if not isinstance(node.get("examples"), list) or place.endswith("/properties"):
            continue
        schema = {"$id": URI, **described, **node}
        for example in node["examples"]:
            faults = list(Draft202012Validator(schema, registry=registry).iter_errors(example))
            assert faults == [], place
            checked += 1

    assert checked > 200


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
