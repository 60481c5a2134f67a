"""The domain of Tegn: the indicator scheme, documents and spans, the tagger and the rules that read its answers."""
