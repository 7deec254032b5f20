; The rest is in ecmascript/outline.scm.
(class_heritage (identifier) @base)
(class_heritage (member_expression property: (_) @base))
