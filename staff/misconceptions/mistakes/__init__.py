"""The misconceptions, a module for each topic; each calls `catalogue.wrong` for what people get wrong there."""
