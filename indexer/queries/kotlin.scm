; Kotlin. Annotations and modifiers are part of each declaration.

(class_declaration name: (identifier) @name) @definition.class
; One node type serves classes, interfaces and enums; the last match of a node decides its kind.
(class_declaration "interface" name: (identifier) @name) @definition.interface
(class_declaration name: (identifier) @name (enum_class_body)) @definition.enum

(object_declaration name: (identifier) @name) @definition.class
; An unnamed companion goes by the keyword.
(companion_object "companion" @name !name) @definition.class
(companion_object name: (identifier) @name) @definition.class

(function_declaration name: (_) @name) @definition.function
(class_body (function_declaration name: (_) @name) @definition.method)
(enum_class_body (function_declaration name: (_) @name) @definition.method)
(secondary_constructor "constructor" @name) @definition.method

(type_alias type: (identifier) @name) @definition.type

; These parents rule out local variables, which are property declarations too.
(source_file
  (property_declaration (variable_declaration (identifier) @name)) @definition.property)
(class_body
  (property_declaration (variable_declaration (identifier) @name)) @definition.property)
(enum_class_body
  (property_declaration (variable_declaration (identifier) @name)) @definition.property)
(property_declaration
  (modifiers (property_modifier "const"))
  (variable_declaration (identifier) @name)) @definition.constant

(line_comment) @doc
(block_comment) @doc
