-- expect: route.header
-- mode: get
return { json = {}, headers = { ["Cache-Control: x\r\nSet-Cookie"] = "khung=evil" } }
