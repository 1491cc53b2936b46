-- expect: route.answer
-- mode: get
return { text = "<script>alert(1)</script>", type = "text/html" }
