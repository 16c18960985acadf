; SQL. The statements that create something. A schema before the name is its scope.
; The anchors keep other references out: types that are returned, tables that are indexed.

(create_schema
  [(keyword_schema) (keyword_exists)] . (identifier) @name) @definition.module

(create_table
  [(keyword_table) (keyword_exists)] .
  (object_reference schema: (identifier)? @scope name: (identifier) @name)) @definition.table
(create_view
  [(keyword_view) (keyword_exists)] .
  (object_reference schema: (identifier)? @scope name: (identifier) @name)) @definition.table
(create_materialized_view
  [(keyword_view) (keyword_exists)] .
  (object_reference schema: (identifier)? @scope name: (identifier) @name)) @definition.table
; An index without a name is found with its table's text.
(create_index column: (identifier) @name) @definition.table

(create_type
  (keyword_type) .
  (object_reference schema: (identifier)? @scope name: (identifier) @name)) @definition.type

; The grammar has no CREATE PROCEDURE: those are found as text.
(create_function
  (keyword_function) .
  (object_reference schema: (identifier)? @scope name: (identifier) @name)) @definition.function
(create_trigger
  [(keyword_trigger) (keyword_exists)] .
  (object_reference schema: (identifier)? @scope name: (identifier) @name)) @definition.function

(comment) @doc
(marginalia) @doc
