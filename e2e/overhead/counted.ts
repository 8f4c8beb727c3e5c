import { countPolls } from "./page";

countPolls();
