-- expect: route.header
-- mode: get
return { json = {}, headers = { ["Cache-Control"] = "no-store\r\nSet-Cookie: khung=evil" } }
