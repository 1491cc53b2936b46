-- Text in a drawing: how wide it will be, and where its lines break. There is no font to ask; the widths are those of a
-- wide sans-serif face (DejaVu Sans), so that what is narrower fits, too.

local words = {}

local narrow, wide = {}, {}
for letter in ("iljtfrI.,:;'!|()[]/ "):gmatch "." do narrow[letter:byte()] = true end
for letter in ("mwMWOQGD@%+=<>"):gmatch "." do wide[letter:byte()] = true end

-- In parts of the size of the face.
local function width_of(code)
  if code >= 0x2E80 then return 1.05 end
  if narrow[code] then return 0.4 end
  if wide[code] then return 0.95 end
  if code >= 65 and code <= 90 then return 0.74 end
  return 0.64
end

---@param text string
---@param size number of the face
---@return number
function words.width(text, size)
  local sum = 0
  for _, code in utf8.codes(text) do sum = sum + width_of(code) end
  return sum * size
end

-- As much of a text as fits, the rest behind it.
local function cut(text, size, room)
  local sum = 0
  for at, code in utf8.codes(text) do
    sum = sum + width_of(code) * size
    if sum > room and at > 1 then return text:sub(1, at - 1), text:sub(at) end
  end
  return text, ""
end

local function ellipsis(text, size, room)
  local rest = text
  while #rest > 0 and words.width(rest .. "…", size) > room do
    rest = rest:sub(1, (utf8.offset(rest, -1) or 1) - 1)
  end
  return rest .. "…"
end

local function pieces(text, size, room)
  local list = {}
  for word in text:gmatch "%S+" do
    while words.width(word, size) > room do
      local head, tail = cut(word, size, room)
      list[#list + 1] = head
      word = tail
    end
    if #word > 0 then list[#list + 1] = word end
  end
  return list
end

---Breaks a text between words into lines that fit; what is left over after the last ends in "…".
---@param text string
---@param size number
---@param room number
---@param most integer lines
---@return string[]
function words.wrap(text, size, room, most)
  local lines, now = {}, nil
  for _, word in ipairs(pieces((text:gsub("%c", " ")), size, room)) do
    local longer = now and now .. " " .. word or word
    if now and words.width(longer, size) > room then
      lines[#lines + 1], now = now, word
    else
      now = longer
    end
  end
  lines[#lines + 1] = now
  if #lines > most then
    lines[most] = ellipsis(lines[most] .. " " .. lines[most + 1], size, room)
    for at = #lines, most + 1, -1 do lines[at] = nil end
  end
  return lines
end

local marks = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

---@param text string
---@return string
function words.escape(text)
  return (text:gsub("%c", " "):gsub("[&<>\"']", marks))
end

return words
