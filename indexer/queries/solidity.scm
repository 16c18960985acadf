; Solidity. Visibility and modifiers are part of each declaration.

(contract_declaration name: (identifier) @name) @definition.class
(interface_declaration name: (identifier) @name) @definition.interface
(library_declaration name: (identifier) @name) @definition.module

(struct_declaration name: (identifier) @name) @definition.struct
(enum_declaration name: (identifier) @name) @definition.enum
; `error` and `event` declare what may be thrown and logged.
(error_declaration name: (identifier) @name) @definition.struct
(event_definition name: (identifier) @name) @definition.struct
; `type Price is uint256;`
(user_defined_type_definition name: (identifier) @name) @definition.type

(function_definition name: (identifier) @name) @definition.function
; After the general pattern, because the last match of a node decides its kind.
(contract_body (function_definition name: (identifier) @name) @definition.method)
(modifier_definition name: (identifier) @name) @definition.method
; These have no name but their keyword.
(constructor_definition "constructor" @name) @definition.method
(fallback_receive_definition ["fallback" "receive"] @name) @definition.method

(state_variable_declaration name: (identifier) @name) @definition.variable
(constant_variable_declaration name: (identifier) @name) @definition.constant
(state_variable_declaration "constant" name: (identifier) @name) @definition.constant
(state_variable_declaration (immutable) name: (identifier) @name) @definition.constant

(comment) @doc
