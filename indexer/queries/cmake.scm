; CMake. Every statement is a command, so its first word tells its kind.

(function_def
  (function_command (argument_list . (argument) @name))) @definition.function
(macro_def
  (macro_command (argument_list . (argument) @name))) @definition.macro

; What is built.
((normal_command (argument_list . (argument) @name)) @definition.module
  (#match? @definition.module "^(?i)(project|add_library|add_executable)\\b"))
; An alias is a name for another target.
((normal_command (argument_list . (argument) @name)) @definition.type
  (#match? @definition.type "^(?i)add_library\\s*\\(\\s*\\S+\\s+ALIAS\\b"))
((normal_command (argument_list . (argument) @name)) @definition.function
  (#match? @definition.function "^(?i)add_custom_target\\b"))
((normal_command
   (argument_list . (argument) . (argument) @name)) @definition.function
  (#match? @definition.function "^(?i)add_test\\s*\\(\\s*NAME\\b"))

; Functions set variables too, but the top of a file declares them. Those of CMake are settings.
((source_file (normal_command (argument_list . (argument) @name)) @definition.variable)
  (#match? @definition.variable "^(?i)(set|option)\\b")
  (#not-match? @name "^CMAKE_"))

(line_comment) @doc
(bracket_comment) @doc
