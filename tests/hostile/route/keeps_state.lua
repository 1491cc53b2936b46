-- expect: mark
-- mode: post
mark:insert { n = 1 }
error("mark")
