; Scala 2 and 3. Annotations and modifiers are part of each definition.

; `package a.b` alone holds for the whole file; with braces it is a scope.
(package_clause name: (_) @name body: (_)) @definition.module
(package_object name: (_) @name) @definition.module
(class_definition name: (_) @name) @definition.class
(object_definition name: (_) @name) @definition.class
(trait_definition name: (_) @name) @definition.trait
(enum_definition name: (_) @name) @definition.enum
; A case with parameters is a case class of its own.
(full_enum_case name: (_) @name) @definition.class
(type_definition name: (type_identifier) @name) @definition.type

; An unnamed given goes by the type that it provides.
(given_definition !name return_type: (_) @name) @definition.impl
(given_definition name: (_) @name) @definition.impl
; An extension goes by the type that it extends.
(extension_definition parameters: (parameters . (parameter type: (_) @name))) @definition.impl

[(function_definition name: (_) @name) (function_declaration name: (_) @name)] @definition.function
; After the general pattern, because the last match of a node decides its kind.
(template_body
  [(function_definition name: (_) @name) (function_declaration name: (_) @name)] @definition.method)
(with_template_body (function_definition name: (_) @name) @definition.method)
(enum_body (function_definition name: (_) @name) @definition.method)
(extension_definition (function_definition name: (_) @name) @definition.method)

; These parents rule out local values.
(compilation_unit
  [(val_definition pattern: (identifier) @name) @definition.constant
   (var_definition pattern: (identifier) @name) @definition.variable])
(template_body
  [(val_definition pattern: (identifier) @name)
   (var_definition pattern: (identifier) @name)
   (val_declaration name: (_) @name)
   (var_declaration name: (_) @name)] @definition.property)
(with_template_body (val_definition pattern: (identifier) @name) @definition.property)
(enum_body (val_definition pattern: (identifier) @name) @definition.property)
; There is one of each in the program, unlike the members of a class.
(object_definition
  body: (template_body
    [(val_definition pattern: (identifier) @name) @definition.constant
     (var_definition pattern: (identifier) @name) @definition.variable]))
(package_object
  body: (template_body (val_definition pattern: (identifier) @name) @definition.constant))

(comment) @doc
(block_comment) @doc
