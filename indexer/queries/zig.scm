; Zig. Types are values, so one gets its name from the constant that it is assigned to.

; These parents rule out local constants; an import only names another module.
((source_file
   (variable_declaration "const" . (identifier) @name) @definition.constant)
  (#not-match? @definition.constant "=\\s*@import\\("))
(source_file
  (variable_declaration "var" . (identifier) @name) @definition.variable)
; `const Self = @This()` names what encloses it.
([(struct_declaration (variable_declaration "const" . (identifier) @name) @definition.constant)
  (union_declaration (variable_declaration "const" . (identifier) @name) @definition.constant)
  (opaque_declaration (variable_declaration "const" . (identifier) @name) @definition.constant)
  (enum_declaration (variable_declaration "const" . (identifier) @name) @definition.constant)]
  (#not-match? @definition.constant "=\\s*@(import|This)\\("))

(variable_declaration
  "const" . (identifier) @name "="
  [(struct_declaration) (union_declaration) (opaque_declaration)]) @definition.struct
(variable_declaration
  "const" . (identifier) @name "="
  [(enum_declaration) (error_set_declaration)]) @definition.enum

(function_declaration name: (identifier) @name) @definition.function
; After the general pattern, because the last match of a node decides its kind.
(struct_declaration (function_declaration name: (identifier) @name) @definition.method)
(union_declaration (function_declaration name: (identifier) @name) @definition.method)
(opaque_declaration (function_declaration name: (identifier) @name) @definition.method)
(enum_declaration (function_declaration name: (identifier) @name) @definition.method)

(test_declaration (string . (string_content) @name)) @definition.function
(test_declaration (identifier) @name) @definition.function

; `//!` describes what encloses it, not what follows.
((comment) @doc
  (#not-match? @doc "^//!"))
