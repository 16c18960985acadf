; Dockerfiles. A stage is only its first line in this grammar: what follows is not nested in it.

; A stage without a name goes by its image.
(from_instruction !as (image_spec name: (image_name) @name)) @definition.module
(from_instruction as: (image_alias) @name) @definition.module

(arg_pair name: (unquoted_string) @name) @definition.variable
(env_pair name: (unquoted_string) @name) @definition.variable

; What a container runs; a health check has a CMD of its own.
(source_file (entrypoint_instruction "ENTRYPOINT" @name) @definition.function)
(source_file (cmd_instruction "CMD" @name) @definition.function)

(comment) @doc
