-- A chain as a picture (SVG): from the author down to the end; steps side by side stand in a frame; a dashed line on
-- the left leads back to the author, lines on the right to earlier steps (arcs.lua). For a case each step shows how it
-- stands.

local arcs = require "approvals.arcs"
local boxes = require "approvals.boxes"
local condition = require "approvals.condition"
local part = require "approvals.part"
local symbols = require "approvals.symbols"
local target = require "approvals.target"
local vote = require "approvals.vote"
local words = require "approvals.words"

local diagram = {}

local text_size, small, head_size = 14, 12.5, 18
local left, top, gap = 48, 20, 30

local style = [[text{font-family:"DejaVu Sans",Verdana,Helvetica,Arial,sans-serif}]]
  .. [[.n{font-size:14px;font-weight:bold}.s{font-size:12.5px}.b{font-weight:bold}.i{font-style:italic}]]
  .. [[.h{font-size:18px;font-weight:bold}.l{fill:none;stroke-width:1.5}.d{stroke-dasharray:5 4}.n0{fill:none}]]

local function add(picture, form, ...)
  local out = picture.out
  out[#out + 1] = select("#", ...) > 0 and form:format(...) or form
end

local function draw_text(picture, x, y, class, text)
  add(picture, '<text x="%g" y="%g" class="%s">%s</text>', x, y, class, words.escape(text))
end

local function draw_box(picture, box, x, y)
  box.x, box.y = x, y
  add(picture, "<g><title>%s</title>", words.escape(box.step.name .. (box.told and ": " .. box.told or "")))
  add(picture, symbols.box(box.state, x, y, box.w, box.h))
  add(picture, symbols.draw(box.state, x + 26, y + 26, box.state == "plain" and box.number or nil))
  for _, line in ipairs(box.lines) do draw_text(picture, x + 48, y + line.y, line.class, line.text) end
  add(picture, "</g>")
end

local function draw_frame(picture, frame, x, y)
  frame.x, frame.y = x, y
  add(picture, '<rect x="%g" y="%g" width="%g" height="%g" rx="10" class="fr" stroke-width="1.2"'
    .. ' stroke-dasharray="8 4"/>', x, y, frame.w, frame.h)
  for _, line in ipairs(frame.lines) do draw_text(picture, x + boxes.pad, y + line.y, line.class, line.text) end
  for _, box in ipairs(frame.boxes) do draw_box(picture, box, x + box.dx, y + box.dy) end
end

local function arrow_down(picture, x, from, to)
  add(picture, '<path class="l" d="M%g %gV%g"/><path d="M%g %gl-5 -9h10z" class="a"/>', x, from, to - 8, x, to)
end

-- The author above, the end below: round ends.
local function draw_end(picture, text, y, is_done)
  local lines = words.wrap(text, text_size, picture.inner - 60, 2)
  local h = 18 + #lines * (text_size + 4)
  local w = 0
  for _, line in ipairs(lines) do w = math.max(w, words.width(line, text_size)) end
  w = math.min(picture.inner, w + 44)
  local x = picture.middle - w / 2
  add(picture, '<rect x="%g" y="%g" width="%g" height="%g" rx="18" class="%s" stroke-width="%g"/>', x, y, w, h,
    is_done and "k-approved" or "en", is_done and 2.4 or 1.4)
  for n, line in ipairs(lines) do
    add(picture, '<text x="%g" y="%g" text-anchor="middle" class="s b">%s</text>', picture.middle,
      y + 8 + n * (text_size + 3), words.escape(line))
  end
  return { x = x, y = y, w = w, h = h }
end

-- Back to the author, from wherever somebody is asked.
local function draw_rail(picture, start, shapes)
  local x, last = 22, shapes[#shapes]
  add(picture, '<path class="l d" d="M%g %gV%gH%g"/>', x, last.y + last.h / 2, start.y + start.h / 2, start.x - 8)
  add(picture, '<path d="M%g %gl-9 -5v10z" class="a"/>', start.x, start.y + start.h / 2)
  for _, shape in ipairs(shapes) do
    add(picture, '<path class="l d" d="M%g %gH%g"/>', shape.x, shape.y + shape.h / 2, x)
  end
end

local shown_states = { "approved", "asked", "waiting", "returned", "skipped", "passed" }

-- What the lines and signs mean; of the signs only those that are there.
local function draw_legend(picture, y, has_arcs, used)
  local x = left
  local function text_line(text)
    for _, line in ipairs(words.wrap(text, small, picture.width - x - 50, 3)) do
      draw_text(picture, x + 42, y + 4, "s", line)
      y = y + 18
    end
    y = y + 6
  end
  add(picture, '<path class="l d" d="M%g %gh30"/>', x, y)
  text_line(t "diagram.legend.author")
  if has_arcs then
    add(picture, '<path class="l" d="M%g %gh24"/><path d="M%g %gl9 -5v10z" class="a"/>', x + 6, y, x, y)
    text_line(t "diagram.legend.step")
  end
  for _, state in ipairs(shown_states) do
    if used[state] then
      y = y + 6
      add(picture, symbols.draw(state, x + 15, y))
      text_line(t("diagram.state." .. state))
    end
  end
  return y
end

-- The same in words, for those who cannot see the picture.
local function described(picture, shapes)
  local lines = {}
  local function tell(box)
    local words_of = { box.number .. ". " .. box.step.name .. ": " .. target.text(box.step.to) .. "." }
    if box.step.when then words_of[#words_of + 1] = t("diagram.when", { condition = condition.text(box.step.when) }) end
    for _, more in ipairs { vote.text(box.step) or "", part.text(box.step) or "" } do
      if more ~= "" then words_of[#words_of + 1] = more end
    end
    words_of[#words_of + 1] = boxes.returns(box.step)
    words_of[#words_of + 1] = box.told
    lines[#lines + 1] = table.concat(words_of, " ")
  end
  for _, shape in ipairs(shapes) do
    if shape.boxes then
      lines[#lines + 1] = shape.group.name .. ": " .. shape.lines[#shape.lines].text
      for _, box in ipairs(shape.boxes) do tell(box) end
    else
      tell(shape)
    end
  end
  lines[#lines + 1] = picture.ends
  return table.concat(lines, "\n")
end

local function lay_out(picture, list)
  local shapes = {}
  picture.inner = boxes.width
  for at, step in ipairs(list) do
    shapes[at] = boxes.make(step, picture.places, tostring(at))
    picture.inner = math.max(picture.inner, shapes[at].w)
  end
  picture.middle, picture.right = left + picture.inner / 2, left + picture.inner
  return shapes
end

local function draw_head(picture, about)
  local y = top
  for _, text in ipairs { about.title, about.subtitle } do
    local size, class = text == about.title and head_size or small, text == about.title and "h" or "s"
    for _, line in ipairs(words.wrap(text, size, picture.width - left - 20, 3)) do
      y = y + size + 4
      draw_text(picture, left, y, class, line)
    end
  end
  return y + 22
end

local function draw_shapes(picture, shapes, y)
  for _, shape in ipairs(shapes) do
    arrow_down(picture, picture.middle, y, y + gap)
    y = y + gap
    local draw = shape.boxes and draw_frame or draw_box
    draw(picture, shape, picture.middle - shape.w / 2, y)
    y = y + shape.h
  end
  arrow_down(picture, picture.middle, y, y + gap)
  return y + gap
end

local function used_states(shapes)
  local used = {}
  for _, shape in ipairs(shapes) do
    for _, box in ipairs(shape.boxes or { shape }) do used[box.state] = true end
  end
  return used
end

---@param about { title: string, subtitle: string?, steps: table[], places: table?, author: string?, state: string? }
---@return string an SVG document
function diagram.draw(about)
  local picture = { out = {}, places = about.places, ends = t("diagram.end." .. (about.state or "open")) }
  local shapes = lay_out(picture, about.steps)
  local lines, lanes = arcs.lay_out(about.steps)
  arcs.make_room(lines, shapes)
  picture.width = picture.right + 36 + arcs.width(lanes)

  local y = draw_head(picture, about)
  local start = draw_end(picture, about.author or t "diagram.author", y, false)
  y = draw_shapes(picture, shapes, y + start.h)
  local finish = draw_end(picture, picture.ends, y, about.state == "approved")
  draw_rail(picture, start, shapes)
  local back = table.concat(arcs.draw(lines, shapes, picture.right)) -- behind the boxes
  y = draw_legend(picture, finish.y + finish.h + 34, #lines > 0, used_states(shapes))

  local wide, high = picture.width, y + 10
  local size = ('viewBox="0 0 %g %g" width="%g" height="%g"'):format(wide, high, wide, high)
  return '<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="t d" ' .. size .. ">"
    .. ('<title id="t">%s</title>'):format(words.escape(about.title))
    .. ('<desc id="d">%s</desc>'):format(words.escape(described(picture, shapes)))
    .. "<style>" .. style .. symbols.style() .. "</style>"
    .. '<rect width="100%" height="100%" class="g"/>' .. back .. table.concat(picture.out) .. "</svg>\n"
end

return diagram
