//! Examples of templates: an API endpoint and a test, each for three languages.

use super::{Manifest, Template, TemplateError, TemplateFile, TemplateOrigin};

/// The examples, by name.
pub const NAMES: &[&str] = &[
    "endpoint-go",
    "endpoint-python",
    "endpoint-typescript",
    "test-go",
    "test-python",
    "test-typescript",
];

const ENDPOINT_VALUES: &str = r#"
[variables.name]
description = "what it is about, in the singular: order, user account"
pattern = '[A-Za-z][A-Za-z0-9 _-]*'

[variables.folder]
description = "where the files go"
default = "DEFAULT"
pattern = '[A-Za-z0-9._/-]+'
"#;

const GO_PACKAGE: &str = r#"
[variables.package]
description = "the package of the file"
default = "api"
pattern = '[a-z][a-z0-9_]*'
"#;

const TEST_VALUES: &str = r#"
[variables.name]
description = "what is tested, a function or a class"
pattern = '[A-Za-z_][A-Za-z0-9_]*'

[variables.module]
description = "MODULE"
pattern = '[A-Za-z0-9._/@-]+'

[variables.folder]
description = "where the file goes"
default = "DEFAULT"
pattern = '[A-Za-z0-9._/-]+'
"#;

const PYTHON_ENDPOINT: &str = r#"from fastapi import APIRouter, HTTPException
from pydantic import BaseModel

router = APIRouter(prefix="/{{ name|kebab }}", tags=["{{ name|kebab }}"])


class {{ name|pascal }}(BaseModel):
    id: int


@router.get("/{item_id}")
async def read_{{ name|snake }}(item_id: int) -> {{ name|pascal }}:
    item = find_{{ name|snake }}(item_id)
    if item is None:
        raise HTTPException(status_code=404, detail="{{ name|title_words }} not found")
    return item


def find_{{ name|snake }}(item_id: int) -> {{ name|pascal }} | None:
    raise NotImplementedError
"#;

const TYPESCRIPT_ENDPOINT: &str = r#"import { Router } from "express";

export interface {{ name|pascal }} {
  id: number;
}

export type Find{{ name|pascal }} = (id: number) => Promise<{{ name|pascal }} | undefined>;

export function {{ name|camel }}Router(find: Find{{ name|pascal }}): Router {
  const router = Router();
  router.get("/{{ name|kebab }}/:id", async (request, response, next) => {
    try {
      const id = Number(request.params.id);
      if (!Number.isInteger(id)) {
        response.status(400).json({ error: "the id is no number" });
        return;
      }
      const found = await find(id);
      if (found === undefined) {
        response.status(404).json({ error: "{{ name|kebab }} not found" });
        return;
      }
      response.json(found);
    } catch (error) {
      next(error);
    }
  });
  return router;
}
"#;

const GO_ENDPOINT: &str = r#"package {{ package }}

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// {{ name|pascal }} is what the endpoint returns.
type {{ name|pascal }} struct {
	ID int64 `json:"id"`
}

// {{ name|pascal }}Finder finds one by its id; nil if there is none.
type {{ name|pascal }}Finder func(r *http.Request, id int64) (*{{ name|pascal }}, error)

// Get{{ name|pascal }} serves GET /{{ name|kebab }}/{id}.
func Get{{ name|pascal }}(find {{ name|pascal }}Finder) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
		if err != nil {
			http.Error(w, "the id is no number", http.StatusBadRequest)
			return
		}
		found, err := find(r, id)
		switch {
		case err != nil:
			http.Error(w, "internal error", http.StatusInternalServerError)
		case found == nil:
			http.NotFound(w, r)
		default:
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(found)
		}
	}
}
"#;

const PYTHON_TEST: &str = r#"import pytest

from {{ module }} import {{ name }}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        # Cases: what is given, and what is expected of it.
    ],
)
def test_{{ name|snake }}(given, expected):
    assert {{ name }}(given) == expected
"#;

const TYPESCRIPT_TEST: &str = r#"import { describe, expect, it } from "vitest";

import { {{ name }} } from "{{ module }}";

describe("{{ name }}", () => {
  it.each([
    // Cases: what is given, and what is expected of it.
  ])("%o gives %o", (given, expected) => {
    expect({{ name }}(given)).toEqual(expected);
  });
});
"#;

const GO_TEST: &str = r#"package {{ module }}

import "testing"

func Test{{ name|pascal }}(t *testing.T) {
	cases := []struct {
		name string
	}{
		// Cases.
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Error("{{ name }} is not tested yet")
		})
	}
}
"#;

/// An example by its name.
pub fn shipped(name: &str) -> Option<Result<Template, TemplateError>> {
    let endpoint = |language: &str, folder: &str, path: &str, text: &str| {
        let mut manifest = ENDPOINT_VALUES.replace("DEFAULT", folder);
        if name == "endpoint-go" {
            manifest.push_str(GO_PACKAGE);
        }
        let description = format!("An API endpoint in {language}");
        example(name, &description, &manifest, path, text)
    };
    let test = |language: &str, module: &str, folder: &str, path: &str, text: &str| {
        let manifest = TEST_VALUES
            .replace("DEFAULT", folder)
            .replace("MODULE", module);
        let description = format!("A test in {language}");
        example(name, &description, &manifest, path, text)
    };
    Some(match name {
        "endpoint-go" => endpoint(
            "Go (net/http)",
            "internal/api",
            "{{ folder }}/{{ name|snake }}.go",
            GO_ENDPOINT,
        ),
        "endpoint-python" => endpoint(
            "Python (FastAPI)",
            "app/routers",
            "{{ folder }}/{{ name|snake }}.py",
            PYTHON_ENDPOINT,
        ),
        "endpoint-typescript" => endpoint(
            "TypeScript (Express)",
            "src/routes",
            "{{ folder }}/{{ name|kebab }}.ts",
            TYPESCRIPT_ENDPOINT,
        ),
        "test-go" => test(
            "Go",
            "the package",
            "internal",
            "{{ folder }}/{{ name|snake }}_test.go",
            GO_TEST,
        ),
        "test-python" => test(
            "Python (pytest)",
            "the module that it is imported from: app.orders",
            "tests",
            "{{ folder }}/test_{{ name|snake }}.py",
            PYTHON_TEST,
        ),
        "test-typescript" => test(
            "TypeScript (Vitest)",
            "the module that it is imported from: ../src/orders",
            "tests",
            "{{ folder }}/{{ name|kebab }}.test.ts",
            TYPESCRIPT_TEST,
        ),
        _ => return None,
    })
}

fn example(
    name: &str,
    description: &str,
    variables: &str,
    path: &str,
    text: &str,
) -> Result<Template, TemplateError> {
    let manifest = format!("description = \"{description}\"\n{variables}");
    Ok(Template {
        name: name.to_owned(),
        origin: TemplateOrigin::Shipped,
        manifest: Manifest::parse(name, &manifest)?,
        files: vec![TemplateFile {
            path: path.to_owned(),
            text: text.to_owned(),
        }],
    })
}
