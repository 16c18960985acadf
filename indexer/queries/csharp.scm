; C#. Attributes and modifiers are part of each declaration.

(namespace_declaration name: (_) @name) @definition.module
; `namespace App;` is flat: what follows is not nested in it.
(file_scoped_namespace_declaration name: (_) @name) @definition.module

(class_declaration name: (identifier) @name) @definition.class
(record_declaration name: (identifier) @name) @definition.class
(record_declaration "struct" name: (identifier) @name) @definition.struct
(struct_declaration name: (identifier) @name) @definition.struct
(interface_declaration name: (identifier) @name) @definition.interface
(enum_declaration name: (identifier) @name) @definition.enum
(delegate_declaration name: (identifier) @name) @definition.type

(method_declaration name: (identifier) @name) @definition.method
(constructor_declaration name: (identifier) @name) @definition.method
(destructor_declaration name: (identifier) @name) @definition.method
(operator_declaration operator: _ @name) @definition.method
; A conversion goes by its target type.
(conversion_operator_declaration type: (_) @name) @definition.method
(local_function_statement name: (identifier) @name) @definition.function

(property_declaration name: (identifier) @name) @definition.property
(indexer_declaration "this" @name) @definition.property
(event_declaration name: (identifier) @name) @definition.property
(event_field_declaration
  (variable_declaration
    type: (_) . (variable_declarator name: (identifier) @name))) @definition.property

; Fields that never change and belong to the type; the others are state.
((field_declaration
  (modifier "const")
  (variable_declaration
    type: (_) . (variable_declarator name: (identifier) @name))) @definition.constant)
((field_declaration
  (modifier "static")
  (modifier "readonly")
  (variable_declaration
    type: (_) . (variable_declarator name: (identifier) @name))) @definition.constant)

(comment) @doc
