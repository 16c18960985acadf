; Lua. Functions are values, so one may get its name from a statement or from an assignment.

; What the top of a file assigns; `require` only names another module.
(chunk
  (variable_declaration
    (assignment_statement (variable_list . name: (identifier) @name)) @definition.variable
    (#not-match? @definition.variable "^\\w+\\s*=\\s*require\\b")))
(chunk
  (assignment_statement (variable_list . name: (identifier) @name)) @definition.variable
  (#not-match? @definition.variable "^\\w+\\s*=\\s*require\\b"))

(function_declaration name: (identifier) @name) @definition.function
(function_declaration
  name: (dot_index_expression table: (_) @scope field: (identifier) @name)) @definition.function
(function_declaration
  name: (method_index_expression table: (_) @scope method: (identifier) @name)) @definition.method

; After the variables, because the last match of a node decides its kind.
(assignment_statement
  (variable_list . name: (identifier) @name)
  (expression_list . value: (function_definition))) @definition.function
(assignment_statement
  (variable_list . name: (dot_index_expression table: (_) @scope field: (identifier) @name))
  (expression_list . value: (function_definition))) @definition.function
(field name: (identifier) @name value: (function_definition)) @definition.function

(comment) @doc
