-- Pandoc filter: what a notebook's markdown may hold and Typst would stumble over.
--
-- Leaves in `formulas` each formula of the notebook, as it was typed and as Typst gets it; shows as typed those that
-- it finds in `typed`. Each string in these files ends with a zero byte.

local function read(name)
  local file = io.open(name, "rb")
  if not file then return "" end
  local text = file:read("a")
  file:close()
  return text
end

local typed = {}
for text in read("typed"):gmatch("([^\0]*)\0") do typed[text] = true end
local formulas = io.open("formulas", "wb")

-- Names that pandoc writes and Typst has given up.
local renamed = {
  { "%f[%a]sect%f[%A]", "inter" },
  { "%f[%a]minus%.circle", "minus.o" },
  { "%f[%a]times%.circle", "times.o" },
  { "%f[%a]dot%.circle", "dot.o" },
  { 'delim: "||"', 'delim: "|"' },
}

local function formula(element)
  local math = pandoc.write(pandoc.Pandoc({ pandoc.Plain({ element }) }), "typst")
  for _, pair in ipairs(renamed) do math = math:gsub(pair[1], pair[2]) end
  formulas:write(element.text, "\0", math, "\0")
  if typed[element.text] then return pandoc.Code(element.text) end
  return pandoc.RawInline("typst", math)
end

-- Cell ids and headings become labels, which clash once several notebooks share a document.
local function without_label(element)
  element.identifier = ""
  return element
end

-- A link to a place inside the notebook has lost its label above.
local function link(element)
  if element.target:match("^#") then return element.content end
end

return {
  {
    Math = formula,
    Header = without_label,
    Div = without_label,
    Span = without_label,
    CodeBlock = without_label,
    Link = link,
  },
}
