-- expect: route.answer
-- mode: get
return { html = "\xff\xfe<script>" }
