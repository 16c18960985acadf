; Java. Annotations and modifiers are part of each declaration.

(class_declaration name: (identifier) @name) @definition.class
(record_declaration name: (identifier) @name) @definition.struct
(enum_declaration name: (identifier) @name) @definition.enum
(interface_declaration name: (identifier) @name) @definition.interface
(annotation_type_declaration name: (identifier) @name) @definition.interface
(module_declaration name: (_) @name) @definition.module

(method_declaration name: (identifier) @name) @definition.method
(constructor_declaration name: (identifier) @name) @definition.method
(compact_constructor_declaration name: (identifier) @name) @definition.method
(annotation_type_element_declaration name: (identifier) @name) @definition.method

; Only `static final` fields: the others are state that the class shows as a whole.
; `.` takes the first declarator after the type.
(field_declaration
  (modifiers "static" "final")
  type: (_) . declarator: (variable_declarator name: (identifier) @name)) @definition.constant
(field_declaration
  (modifiers "final" "static")
  type: (_) . declarator: (variable_declarator name: (identifier) @name)) @definition.constant
; Fields of interfaces are constants.
(constant_declaration
  type: (_) . declarator: (variable_declarator name: (identifier) @name)) @definition.constant

(line_comment) @doc
(block_comment) @doc
