; All definitions are those of typescript/outline.scm and ecmascript/outline.scm.
