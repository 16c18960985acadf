; JavaScript with JSX. `export` wraps what is captured, so that a scope reads `function run`.

(class_declaration name: (identifier) @name) @definition.class
(function_declaration name: (identifier) @name) @definition.function
(generator_function_declaration name: (identifier) @name) @definition.function

(class_body (method_definition name: (_) @name) @definition.method)
(object (method_definition name: (_) @name) @definition.method)
(method_definition ["get" "set"] name: (_) @name) @definition.property

; Top-level bindings; elsewhere they are local. Declarators are captured rather than
; declarations, which may bind several names. `require` only imports.
((program
  (lexical_declaration
    kind: "const"
    (variable_declarator name: (identifier) @name) @definition.constant))
  (#not-match? @definition.constant "^[\\w$]+ = require\\("))
(program
  (lexical_declaration
    kind: "let"
    (variable_declarator name: (identifier) @name) @definition.variable))
((program
  (variable_declaration (variable_declarator name: (identifier) @name) @definition.variable))
  (#not-match? @definition.variable "^[\\w$]+ = require\\("))
(export_statement
  (lexical_declaration
    kind: "const"
    (variable_declarator name: (identifier) @name) @definition.constant))
(export_statement
  (lexical_declaration
    kind: "let"
    (variable_declarator name: (identifier) @name) @definition.variable))
(export_statement
  (variable_declaration (variable_declarator name: (identifier) @name) @definition.variable))

; Functions bound to a name. After the bindings, because the last match of a node decides
; its kind. Inside other functions only those with a block: `x => x + 1` is no landmark.
(variable_declarator
  name: (identifier) @name
  value: [
    (arrow_function body: (statement_block))
    (function_expression)
    (generator_function)
  ]) @definition.function
(program
  (lexical_declaration
    (variable_declarator
      name: (identifier) @name
      value: (arrow_function)) @definition.function))
(export_statement
  (lexical_declaration
    (variable_declarator
      name: (identifier) @name
      value: (arrow_function)) @definition.function))
(variable_declarator name: (identifier) @name value: (class)) @definition.class

; `exports.run = …`, `app.handle = …`
(assignment_expression
  left: (member_expression property: (_) @name)
  right: [
    (arrow_function body: (statement_block))
    (function_expression)
    (generator_function)
  ]) @definition.function
(program
  (expression_statement
    (assignment_expression
      left: (member_expression property: (_) @name)
      right: (arrow_function)) @definition.function))
(assignment_expression
  left: (member_expression property: (_) @name)
  right: (class)) @definition.class
((assignment_expression
  left: (member_expression object: (member_expression) @scope property: (_) @name)
  right: [(arrow_function) (function_expression) (generator_function)]) @definition.method
  (#match? @scope "\\.prototype$"))

; Function-valued keys of an object that is itself bound, assigned or exported; in
; arguments they are callbacks.
(variable_declarator
  value: (object
    (pair
      key: (_) @name
      value: [(arrow_function) (function_expression) (generator_function)]) @definition.method))
(assignment_expression
  right: (object
    (pair
      key: (_) @name
      value: [(arrow_function) (function_expression) (generator_function)]) @definition.method))
(export_statement
  value: (object
    (pair
      key: (_) @name
      value: [(arrow_function) (function_expression) (generator_function)]) @definition.method))

; A wrapped function goes by the binding, as in `const Field = forwardRef(function Field…)`.
(variable_declarator
  name: (identifier) @name
  value: (call_expression
    arguments: (arguments (function_expression name: (identifier))))) @definition.function
(return_statement (function_expression name: (identifier) @name) @definition.function)

; A default export without a name goes by the keyword.
(export_statement
  "default" @name
  value: [
    (arrow_function)
    (function_expression !name)
    (generator_function !name)
  ]) @definition.function
(export_statement "default" @name value: (class !name)) @definition.class
(export_statement "default" @name value: (object)) @definition.constant

; Fields are state, unless they hold a function.
(field_definition
  property: (_) @name
  value: [(arrow_function) (function_expression)]) @definition.method

(decorator) @doc
(comment) @doc
