"""The study in other settings: are verdicts those of one data set, length, width or rate?"""
