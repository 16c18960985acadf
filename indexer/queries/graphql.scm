; GraphQL: schemas, and the operations of clients. A description is part of its definition.

(object_type_definition (name) @name) @definition.struct
(input_object_type_definition (name) @name) @definition.struct
(interface_type_definition (name) @name) @definition.interface
(enum_type_definition (name) @name) @definition.enum
(union_type_definition (name) @name) @definition.type
(scalar_type_definition (name) @name) @definition.type
(directive_definition (name) @name) @definition.macro

; A schema has no name: it goes by the keyword.
(schema_definition "schema" @name) @definition.module
; `extend schema @link(…)` reaches the grammar as a type: see `scanners.rs`.
((object_type_definition (name) @name) @definition.module
  (#match? @definition.module "^extend\\s+schema\\b"))

(object_type_extension (name) @name) @definition.impl
(input_object_type_extension (name) @name) @definition.impl
(interface_type_extension (name) @name) @definition.impl
(enum_type_extension (name) @name) @definition.impl
(union_type_extension (name) @name) @definition.impl
(scalar_type_extension (name) @name) @definition.impl

(field_definition (name) @name) @definition.property
; After the general pattern, because the last match of a node decides its kind.
(field_definition (name) @name (arguments_definition)) @definition.method

(operation_definition (name) @name) @definition.function
(fragment_definition (fragment_name) @name) @definition.function

(comment) @doc
