"""The secure session of the programmer link: keys, enrolment, presence, and what a frame must pass to be heard."""
