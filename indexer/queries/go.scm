; Go. Specs are captured rather than declarations: one declaration may group many.

(function_declaration name: (identifier) @name) @definition.function

; Methods stand outside their type, which the receiver names.
(method_declaration
  receiver: (parameter_list
    (parameter_declaration
      type: [
        (type_identifier) @scope
        (pointer_type (type_identifier) @scope)
        (generic_type type: (type_identifier) @scope)
        (pointer_type (generic_type type: (type_identifier) @scope))
      ]))
  name: (field_identifier) @name) @definition.method

(source_file (type_declaration (type_alias name: (type_identifier) @name) @definition.type))
(source_file (type_declaration (type_spec name: (type_identifier) @name) @definition.type))
; After the general patterns, because the last match of a node decides its kind.
(type_spec name: (type_identifier) @name type: (struct_type)) @definition.struct
(type_spec name: (type_identifier) @name type: (interface_type)) @definition.interface

; Method signatures of interfaces.
(method_elem name: (field_identifier) @name) @definition.method

; `.` takes the first name of `a, b = …`; below `source_file` nothing is local.
; Assertions such as `var _ Handler = …` bind nothing to search for.
(source_file
  (const_declaration
    (const_spec . name: (identifier) @name (#not-eq? @name "_")) @definition.constant))
(source_file
  (var_declaration
    (var_spec . name: (identifier) @name (#not-eq? @name "_")) @definition.variable))
(source_file
  (var_declaration
    (var_spec_list
      (var_spec . name: (identifier) @name (#not-eq? @name "_")) @definition.variable)))

(comment) @doc
