; Dart. Annotations and modifiers are part of each declaration.

(class_declaration name: (identifier) @name) @definition.class
(class_declaration (mixin_application_class . (identifier) @name)) @definition.class
(extension_type_declaration name: (extension_type_name . (identifier) @name)) @definition.class
(mixin_declaration name: (identifier) @name) @definition.trait
(enum_declaration name: (identifier) @name) @definition.enum
; An unnamed extension goes by the type that it extends.
(extension_declaration !name class: (type) @name) @definition.impl
(extension_declaration name: (identifier) @name) @definition.impl
(type_alias (type_identifier) @name) @definition.type

(function_declaration
  signature: (function_signature name: (identifier) @name)) @definition.function
(external_function_declaration
  signature: (function_signature name: (identifier) @name)) @definition.function
(local_function_declaration
  (function_signature name: (identifier) @name)) @definition.function
(getter_declaration
  signature: (getter_signature name: (identifier) @name)) @definition.property
(setter_declaration
  signature: (setter_signature name: (identifier) @name)) @definition.property

; `.` takes the last name before the parameters: `named` of `Point.named(…)`.
(method_declaration
  signature: (method_signature
    [(function_signature name: (identifier) @name)
     (operator_signature operator: _ @name)
     (constructor_signature (identifier) @name . (formal_parameter_list))
     (factory_constructor_signature
       (identifier) @name . (formal_parameter_list))])) @definition.method
(method_declaration
  signature: (method_signature
    [(getter_signature name: (identifier) @name)
     (setter_signature name: (identifier) @name)])) @definition.property

; Members without a body.
(member_declaration
  (declaration
    [(function_signature name: (identifier) @name)
     (operator_signature operator: _ @name)
     (constructor_signature (identifier) @name . (formal_parameter_list))
     (constant_constructor_signature (identifier) @name . (formal_parameter_list))
     (factory_constructor_signature (identifier) @name . (formal_parameter_list))
     (redirecting_factory_constructor_signature
       (identifier) @name . (formal_parameter_list))])) @definition.method
(member_declaration
  (declaration
    [(getter_signature name: (identifier) @name)
     (setter_signature name: (identifier) @name)])) @definition.property

; Fields; `.` takes the first name of `int a, b`. Those that never change belong to the type.
(member_declaration
  (declaration
    (initialized_identifier_list
      . (initialized_identifier name: (identifier) @name)))) @definition.property
(member_declaration
  (declaration
    (static_final_declaration_list
      . (static_final_declaration name: (identifier) @name)))) @definition.constant

(top_level_variable_declaration
  (static_final_declaration_list
    . (static_final_declaration name: (identifier) @name))) @definition.constant
(top_level_variable_declaration
  (initialized_identifier_list
    . (initialized_identifier name: (identifier) @name))) @definition.variable

(documentation_comment) @doc
(comment) @doc
