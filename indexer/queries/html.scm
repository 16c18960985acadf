; HTML. An element with an id, and each heading.

; Predicates see only captured nodes and an attribute's name is none, so the text of the tag
; tells which attribute the id is: one of the first four, or the last.
((element
   (_ . (tag_name) .
     (attribute
       [(attribute_value) @name (quoted_attribute_value (attribute_value) @name)])))
 @definition.section
  (#match? @definition.section
    "(?i)^<\\S+\\s+id="))
((element
   (_ . (tag_name) . (attribute) .
     (attribute
       [(attribute_value) @name (quoted_attribute_value (attribute_value) @name)])))
 @definition.section
  (#match? @definition.section
    "(?i)^<\\S+(\\s+[^\\s=>]+(=(\"[^\"]*\"|'[^']*'|[^\\s\"'>]+))?)\\s+id="))
((element
   (_ . (tag_name) . (attribute) . (attribute) .
     (attribute
       [(attribute_value) @name (quoted_attribute_value (attribute_value) @name)])))
 @definition.section
  (#match? @definition.section
    "(?i)^<\\S+(\\s+[^\\s=>]+(=(\"[^\"]*\"|'[^']*'|[^\\s\"'>]+))?){2}\\s+id="))
((element
   (_ . (tag_name) . (attribute) . (attribute) . (attribute) .
     (attribute
       [(attribute_value) @name (quoted_attribute_value (attribute_value) @name)])))
 @definition.section
  (#match? @definition.section
    "(?i)^<\\S+(\\s+[^\\s=>]+(=(\"[^\"]*\"|'[^']*'|[^\\s\"'>]+))?){3}\\s+id="))
((element
   (_ (tag_name)
     (attribute
       [(attribute_value) @name (quoted_attribute_value (attribute_value) @name)]) .))
 @definition.section
  (#match? @definition.section
    "(?i)^<[^>]*\\s+id=(\"[^\"]*\"|'[^']*'|[^\\s\"'>]+)\\s*/?>"))

; After the ids: people look for a heading by its words, which may stand in a link.
((element
   (start_tag) . (element (start_tag) . (text) @name)) @definition.section
  (#match? @definition.section "^<[hH][1-6][\\s>]"))
((element
   (start_tag) . (text) @name) @definition.section
  (#match? @definition.section "^<[hH][1-6][\\s>]"))

; Code inside a page; an empty one only loads a file.
((script_element (start_tag (tag_name) @name) (raw_text)) @definition.section
  (#match? @definition.section "^<[^>]+>[^<]"))
((style_element (start_tag (tag_name) @name) (raw_text)) @definition.section
  (#match? @definition.section "^<[^>]+>[^<]"))

(comment) @doc
