-- expect: route.answer
-- mode: get
return { text = "alert(1)", headers = { ["Content-Type"] = "text/javascript" } }
