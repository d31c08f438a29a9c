"""Mapping files (YAML): a new department's export needs no code."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import yaml

from xhcredit.errors import BadMapping
from xhcredit.ingest import mapping_parts as parts
from xhcredit.ingest.mapping_types import Mapping
from xhcredit.ingest.suggest import hint_for


class _StrictLoader(yaml.SafeLoader):
    """Safe YAML that refuses a key given twice."""


def _no_duplicates(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen_keys: set[str] = set()
    for key, _ in node.value:
        if key.value in seen_keys:
            line = key.start_mark.line + 1
            raise BadMapping(f'line {line}: "{key.value}" stands twice; keep one of them')
        seen_keys.add(key.value)
    return loader.construct_mapping(node, deep=True)


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _no_duplicates)


def load_mappings(path: Path) -> list[Mapping]:
    """Load one mapping file, or every ``*.yaml`` and ``*.yml`` of a folder, by file name.

    Raises:
        BadMapping: a file is missing, doubtful or declares what the directory does not know.
    """
    if not path.exists():
        raise BadMapping(f'"{path}" does not exist; give a mapping file or a folder of them')
    files = [path]
    if path.is_dir():
        files = sorted(f for f in path.iterdir() if f.suffix in (".yaml", ".yml"))
    if not files:
        raise BadMapping(f'"{path}" holds no .yaml file; give a mapping file or a folder of them')
    mappings = [load_mapping(file) for file in files]
    ids = [mapping.id for mapping in mappings]
    for mapping in mappings:
        if ids.count(mapping.id) > 1:
            raise BadMapping(
                f'{mapping.file}: mapping: id "{mapping.id}" is used by two files; rename one'
            )
    return mappings


def load_mapping(file: Path) -> Mapping:
    """Load and check one mapping file.

    Raises:
        BadMapping: the message names the file, the place, and what to do.
    """
    try:
        raw = yaml.load(file.read_text(encoding="utf-8"), _StrictLoader)  # noqa: S506 - is safe
        if not isinstance(raw, dict):
            raise BadMapping("is not a mapping; start with `mapping: id`")
        return build_mapping(raw, file.name)
    except BadMapping as error:
        raise BadMapping(f"{file.name}: {error}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        error_text = " ".join(str(error).split())
        raise BadMapping(
            f"{file.name}: is not readable YAML ({error_text}); mend it there"
        ) from error


def build_mapping(raw: dict[str, Any], file: str) -> Mapping:
    """Build a mapping from parsed YAML.

    Raises:
        BadMapping: the message names the place and what to do.
    """
    parts.check_keys(raw, parts.TOP_KEYS, "top level", required_keys=("mapping", "files", "tables"))
    blocks = tuple(
        parts.block(raw_block, f"tables[{i}]")
        for i, raw_block in enumerate(parts.list_under(raw, "tables"))
    )
    mapping = Mapping(
        id=str(raw["mapping"]),
        name_zh=str(raw.get("name_zh", raw["mapping"])),
        files=str(raw["files"]),
        format=parts.format_of(raw.get("format") or {}),
        blocks=blocks,
        where=parts.conditions(raw.get("where"), "where"),
        skip_where=parts.conditions(raw.get("skip_where"), "skip_where"),
        ignore=frozenset(str(c) for c in raw.get("ignore") or ()),
        file=file,
        # Over what was parsed, not over the file: another comment or blank is no other mapping.
        digest=hashlib.sha256(
            json.dumps(raw, default=str, ensure_ascii=False).encode()
        ).hexdigest(),
    )
    parts.check_persons(raw.get("persons") or (), mapping)
    _check_ignored(mapping)
    return mapping


def _check_ignored(mapping: Mapping) -> None:
    used_and_ignored = sorted(mapping.ignore & mapping.source_columns())
    if used_and_ignored:
        raise BadMapping(
            f'ignore: column "{used_and_ignored[0]}" is also used; take it out of one of them'
        )


def check_source_columns(mapping: Mapping, columns: list[str], source: str) -> None:
    """Refuse a file whose columns are not the ones of the mapping; their order is free.

    Raises:
        BadMapping: a mapped column is missing, or a column is neither mapped nor ignored.
    """
    missing = sorted(mapping.source_columns() - set(columns))
    if missing:
        raise BadMapping(
            f'"{source}" has no column "{missing[0]}"{hint_for(missing[0], columns)}, which '
            f"{mapping.file} maps; it has: {', '.join(columns)}. Correct the file or the mapping"
        )
    unknown = [c for c in columns if c not in mapping.source_columns() | mapping.ignore]
    if unknown:
        raise BadMapping(
            f'"{source}" has column "{unknown[0]}" that {mapping.file} neither maps nor ignores; '
            f"map it to a column of the directory or list it under `ignore`"
            + (f" (also: {', '.join(unknown[1:])})" if unknown[1:] else "")
        )
