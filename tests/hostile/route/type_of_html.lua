-- expect: route.answer
-- mode: get
return { html = "x", type = "text/html\r\nX: y" }
