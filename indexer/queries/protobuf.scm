; Protocol Buffers. The names of messages, enums, services and calls are nodes of their own.

(message (message_name) @name) @definition.struct
; A group is a field and the message that is its type.
(group (message_name) @name) @definition.struct
(enum (enum_name) @name) @definition.enum
(oneof (identifier) @name) @definition.property

(service (service_name) @name) @definition.interface
(rpc (rpc_name) @name) @definition.method

; Goes by the message to which it adds fields.
(extend (full_ident) @name) @definition.impl

(comment) @doc
