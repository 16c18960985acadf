; PHP. Attributes and modifiers are part of each declaration.

; `namespace App;` is flat: what follows is not nested in it.
(namespace_definition name: (namespace_name) @name) @definition.module

(class_declaration name: (name) @name) @definition.class
(interface_declaration name: (name) @name) @definition.interface
(trait_declaration name: (name) @name) @definition.trait
(enum_declaration name: (name) @name) @definition.enum

(function_definition name: (name) @name) @definition.function
(method_declaration name: (name) @name) @definition.method

; `.` because the value of a constant may be a name as well.
(const_declaration (const_element . (name) @name) @definition.constant)

; Plain fields are too small; hooks make a property one with code.
(property_declaration
  (property_element name: (variable_name (name) @name))
  (property_hook_list)) @definition.property

(comment) @doc
