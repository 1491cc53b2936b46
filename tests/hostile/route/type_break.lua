-- expect: route.answer
-- mode: get
return { text = "x", type = "text/plain\r\nSet-Cookie: khung=evil" }
